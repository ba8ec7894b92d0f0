#include "backends/vllm/attention_config.h"

#include <fmt/format.h>

#include "backends/vllm/model_facts.h"
#include "backends/vllm/names.h"
#include "base/strings.h"

namespace redline::backends::vllm {
namespace {

using nlohmann::json;

constexpr std::string_view kAttentionSource =
    "config/attention.py: AttentionConfig._set_from_env_if_set";

void WarnOfVariable(const Context& context, std::string_view name, std::string_view field) {
  context.notes->Warn(fmt::format("{} is deprecated; use --attention-config.{}", name, field));
}

void TakeBackendVariable(const Context& context, AttentionConfig* attention) {
  const auto variable = context.Environment("VLLM_ATTENTION_BACKEND");
  if (!variable) return;
  WarnOfVariable(context, "VLLM_ATTENTION_BACKEND", "backend");
  context.notes->Rewrote("attention.backend",
                         attention->backend ? json(*attention->backend) : json(), *variable,
                         "the variable VLLM_ATTENTION_BACKEND", kAttentionSource);
  attention->backend = *variable;
}

void TakeVersionVariable(const Context& context, AttentionConfig* attention) {
  const auto variable = context.Environment("VLLM_FLASH_ATTN_VERSION");
  if (!variable) return;
  WarnOfVariable(context, "VLLM_FLASH_ATTN_VERSION", "flash_attn_version");
  attention->flash_attn_version = ParseInt64(Trim(*variable));
}

}  // namespace

Result<AttentionConfig> CreateAttentionConfig(const Context& context) {
  const json& config = context.arguments.At("attention_config");
  AttentionConfig attention;
  if (const std::string backend = ConfigText(config, "backend"); !backend.empty())
    attention.backend = backend;
  if (const int64_t version = ConfigInt(config, "flash_attn_version"); version != 0)
    attention.flash_attn_version = version;
  TakeBackendVariable(context, &attention);
  TakeVersionVariable(context, &attention);
  if (context.arguments.At("attention_backend").is_null()) return attention;
  if (attention.backend)
    return InvalidArgument(fmt::format("--attention-backend and --attention-config.backend (or "
                                       "VLLM_ATTENTION_BACKEND, {}) exclude each other",
                                       *attention.backend),
                           "attention_backend");
  RL_ASSIGN_OR_RETURN(attention.backend,
                      AttentionBackendOf(context.arguments.Text("attention_backend")));
  return attention;
}

}  // namespace redline::backends::vllm
