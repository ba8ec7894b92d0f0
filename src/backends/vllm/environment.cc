#include "backends/vllm/environment.h"

#include <fmt/format.h>

#include <span>

#include "backends/vllm/names.h"
#include "base/strings.h"

namespace redline::backends::vllm {
namespace {

Status CheckOneOf(const std::map<std::string, std::string>& environment, const std::string& name,
                  std::span<const std::string_view> choices) {
  const auto found = environment.find(name);
  if (found == environment.end() || Contains(choices, found->second)) return OkStatus();
  return InvalidArgument(
      fmt::format("{} is \"{}\"; it must be one of {}{}", name, Excerpt(found->second),
                  Listed(choices), Hint(found->second, choices)),
      name);
}

}  // namespace

Status CheckEnvironment(const std::map<std::string, std::string>& environment) {
  RL_RETURN_IF_ERROR(CheckOneOf(environment, "VLLM_ATTENTION_BACKEND", kAttentionBackends));
  RL_RETURN_IF_ERROR(CheckOneOf(environment, "VLLM_ALL2ALL_BACKEND", kAll2AllBackends));
  const auto version = environment.find("VLLM_FLASH_ATTN_VERSION");
  if (version == environment.end() || ParseInt64(Trim(version->second))) return OkStatus();
  return InvalidArgument(fmt::format("VLLM_FLASH_ATTN_VERSION is \"{}\", which is no number",
                                     Excerpt(version->second)),
                         version->first);
}

}  // namespace redline::backends::vllm
