#include "platform/catalog/lint_engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "backends/arguments/argument_parser.h"
#include "backends/flag_effects.h"
#include "backends/gpu_memory.h"
#include "base/strings.h"
#include "platform/catalog/gpu_plan.h"
#include "spec/json.h"

namespace redline::platform {
namespace {

using nlohmann::json;

// A format of tool calls or reasoning: ChatFormat's name, which is SGLang's, and vLLM's for it.
struct FormatNames {
  std::string_view sglang;
  std::string_view vllm;
};
constexpr FormatNames kToolCalls[] = {
    {"deepseekv3", "deepseek_v3"},
    {"deepseekv31", "deepseek_v31"},
    {"deepseekv32", "deepseek_v32"},
    {"glm", "glm45"},
    {"qwen", "hermes"},
    {"gpt-oss", "openai"},
    {"llama3", "llama3_json"},
    {"qwen3_coder", "qwen3_coder"},
};
constexpr FormatNames kReasoning[] = {
    {"deepseek-r1", "deepseek_r1"},
    {"deepseek-v3", "deepseek_v3"},
    {"glm45", "glm45"},
    {"qwen3", "qwen3"},
    {"gpt-oss", "openai_gptoss"},
};

std::string NameAt(std::string_view engine, std::string_view format,
                   std::span<const FormatNames> names) {
  if (engine == "sglang") return std::string(format);
  for (const FormatNames& each : names) {
    if (each.sglang == format) return std::string(each.vllm);
  }
  return "";
}

constexpr size_t kMostWords = 256;
constexpr size_t kMostMessage = 1000;

class EngineLinter {
 public:
  EngineLinter(const CatalogEntry& entry, const spec::Profile& profile,
               std::vector<Defect>& defects)
      : entry_(entry), profile_(profile), defects_(defects) {}

  void Run() {
    if (!profile_.engine.requested.empty())
      Add("requested", fmt::format("{} takes its command line: write arguments, not requested",
                                   profile_.engine.engine));
    if (profile_.engine.arguments.size() > kMostWords)
      return Add("refused", fmt::format("{} words of arguments; at most {} are looked at",
                                        profile_.engine.arguments.size(), kMostWords));
    if (profile_.hardware.models.empty())
      return Add("hardware", fmt::format("{} decides by the GPU: name it in hardware.models",
                                         profile_.engine.engine));
    for (const std::string& gpu : profile_.hardware.models) CheckOn(gpu);
  }

 private:
  // On the smallest node of this GPU that the profile is for.
  void CheckOn(const std::string& gpu) {
    const auto hardware =
        spec::FindHardwareProfile(fmt::format("{}x{}", gpu, profile_.hardware.min_devices));
    if (!hardware.ok()) return Add("hardware", hardware.status().message());
    const auto engine = RequestFor(entry_, profile_.engine, *hardware);
    if (!engine.ok())
      return Add(engine.status().param() == "version"  ? "unknown_version"
                 : engine.status().param() == "engine" ? "unknown_engine"
                                                       : "no_config",
                 engine.status().message());
    const auto resolution = engine->resolver->resolve(engine->request);
    if (resolution.error)
      return Add("refused", fmt::format("{} would not start ({}): {}", engine->resolver->name,
                                        resolution.error->stage, resolution.error->message));
    CheckRewrites(resolution);
    CheckFlags(*engine, resolution);
    for (const std::string& cost : resolution.costs) Add("slow", cost);
    const auto parsed = backends::ParseArguments(engine->resolver->table(engine->request.version),
                                                 engine->request.arguments);
    CheckMemory(*engine, resolution, *hardware);
    // Of an engine that is known in part, the names of its formats are not known.
    if (!parsed.ok() || !engine->resolver->extent.empty()) return;
    // SGLang's own values, in which old names are replaced; vLLM's are not among the resolved.
    json values = parsed->values;
    for (const char* name : {"tool_call_parser", "reasoning_parser"}) {
      if (resolution.resolved.contains(name)) values[name] = resolution.resolved[name];
    }
    CheckChat(engine->resolver->name, values);
  }

  // Once, when it holds on several GPUs.
  void Add(std::string rule, const std::string& message) {
    std::string shown = message.size() > kMostMessage ? Excerpt(message, kMostMessage) : message;
    const bool known = std::any_of(defects_.begin(), defects_.end(), [&](const Defect& defect) {
      return defect.profile == profile_.name && defect.rule == rule && defect.message == shown;
    });
    if (!known) defects_.push_back({profile_.name, std::move(rule), std::move(shown)});
  }

  void CheckRewrites(const backends::EngineResolution& resolution) {
    for (const backends::Rewrite& each : resolution.rewritten) {
      // Given for all ranks together, and shared out among them, as its help says.
      if (!each.was_given || each.field == "chunked_prefill_size") continue;
      Add("replaced", fmt::format("{}: {} is asked for, {} runs: {}", each.field,
                                  spec::DumpJson(each.asked), spec::DumpJson(each.got), each.rule));
    }
  }

  void CheckFlags(const EngineRequest& engine, const backends::EngineResolution& resolution) {
    for (const auto& flag : ExplainFlags(*engine.resolver, engine.request, resolution)) {
      if (flag.HasNoEffect())
        Add("no_effect",
            fmt::format("{} changes nothing that runs: leave it out", Join(flag.words, " ")));
    }
  }

  void CheckFormat(std::string_view engine, const std::string& what, const json& given,
                   const std::string& format, std::span<const FormatNames> names) {
    const std::string is = given.is_string() ? given.get<std::string>() : "";
    const std::string wanted = format.empty() ? "" : NameAt(engine, format, names);
    if (is == wanted) return;
    // vLLM's models/config.py sets it for gpt_oss itself.
    if (is.empty() && wanted == "openai_gptoss") return;
    if (is.empty())
      return Add(fmt::format("missing_{}", what),
                 fmt::format("{} needs the {} \"{}\"", entry_.display_name, Spaced(what), wanted));
    Add(fmt::format("wrong_{}", what),
        wanted.empty()
            ? fmt::format("{} has no use for a {}: \"{}\" would take apart what it does not write",
                          entry_.display_name, Spaced(what), is)
            : fmt::format("the {} of {} is \"{}\", not \"{}\"", Spaced(what), entry_.display_name,
                          wanted, is));
  }

  static std::string Spaced(std::string text) {
    std::replace(text.begin(), text.end(), '_', ' ');
    return text;
  }

  void CheckChat(std::string_view engine, const json& values) {
    const ChatFormat& chat = entry_.chat;
    const auto value = [&](const char* dest) { return values.value(dest, json()); };
    CheckFormat(engine, "tool_parser", value("tool_call_parser"), chat.tool_calls, kToolCalls);
    CheckFormat(engine, "reasoning_parser", value("reasoning_parser"), chat.reasoning, kReasoning);
    if (chat.encoding != "builtin") return;
    if (value("chat_template").is_string())
      Add("template_over_encoder",
          fmt::format("a chat template switches the engine's own encoder for {} off: leave "
                      "--chat-template out",
                      entry_.display_name));
    if (engine == "vllm" && value("tokenizer_mode") != "deepseek_v32")
      Add("missing_encoder",
          fmt::format("vLLM encodes chats of {} only with --tokenizer-mode deepseek_v32",
                      entry_.display_name));
  }

  void CheckMemory(const EngineRequest& engine, const backends::EngineResolution& resolution,
                   const spec::HardwareProfile& hardware) {
    const backends::Placement placement = engine.resolver->placement(resolution);
    if (placement.num_gpus > 0 && placement.num_gpus < hardware.num_gpus)
      Add("idle_gpus", fmt::format("uses {} of {} GPUs", placement.num_gpus, hardware.num_gpus));
    const auto memory = MemoryOfGpu(entry_.spec, engine.request.model_config, placement, hardware);
    const std::string obstacle = WhyItDoesNotFit(memory, placement, hardware);
    if (!obstacle.empty())
      Add(placement.num_gpus > hardware.num_gpus ? "too_many_gpus" : "does_not_fit",
          fmt::format("would not start on {}: {}", hardware.name, obstacle));
  }

  const CatalogEntry& entry_;
  const spec::Profile& profile_;
  std::vector<Defect>& defects_;
};

}  // namespace

void LintEngineProfile(const CatalogEntry& entry, const spec::Profile& profile,
                       std::vector<Defect>& defects) {
  EngineLinter(entry, profile, defects).Run();
}

}  // namespace redline::platform
