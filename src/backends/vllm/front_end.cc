#include "backends/vllm/front_end.h"

#include <fmt/format.h>

#include "backends/vllm/model_facts.h"
#include "backends/vllm/names.h"
#include "base/strings.h"

namespace redline::backends::vllm {
namespace {

Status UnknownParser(std::string_view flag, std::string param, const std::string& name,
                     std::span<const std::string_view> known) {
  return InvalidArgument(fmt::format("{} \"{}\" is not known to vLLM 0.13.0; known: {}{}", flag,
                                     Excerpt(name), Listed(known), Hint(name, known)),
                         std::move(param));
}

// The name is looked up only when a request comes.
void WarnOfReasoningParser(const ServeArguments& arguments, Notes* notes) {
  const std::string name = arguments.Text("reasoning_parser");
  if (name.empty() || Contains(kReasoningParsers, name) ||
      !arguments.Text("reasoning_parser_plugin").empty())
    return;
  notes->Warn(
      fmt::format("--reasoning-parser \"{}\" is not known to vLLM 0.13.0{}; the engine "
                  "starts, but chat requests fail",
                  Excerpt(name), Hint(name, kReasoningParsers)));
}

void WarnOfUnusedToolParser(const ServeArguments& arguments, Notes* notes) {
  const std::string name = arguments.Text("tool_call_parser");
  if (name.empty() || arguments.Flag("enable_auto_tool_choice")) return;
  notes->Warn(fmt::format("--tool-call-parser {} does nothing without --enable-auto-tool-choice",
                          Excerpt(name)));
}

}  // namespace

Status ValidateParsedServeArgs(const ServeArguments& arguments, Notes* notes) {
  const std::string chat_template = arguments.Text("chat_template");
  if (!chat_template.empty() && chat_template.find_first_of("{}\n") == std::string::npos)
    notes->Warn(fmt::format("--chat-template {} must be a file on the node; it was not looked for",
                            Excerpt(chat_template)));
  if (arguments.Flag("enable_auto_tool_choice") && arguments.Text("tool_call_parser").empty())
    return InvalidArgument("--enable-auto-tool-choice needs --tool-call-parser",
                           "enable_auto_tool_choice");
  if (arguments.Flag("enable_log_outputs") && !arguments.Flag("enable_log_requests"))
    return InvalidArgument("--enable-log-outputs needs --enable-log-requests",
                           "enable_log_outputs");
  return OkStatus();
}

Status ValidateApiServerArgs(const ServeArguments& arguments, Notes* notes) {
  const std::string tool_parser = arguments.Text("tool_call_parser");
  if (arguments.Flag("enable_auto_tool_choice") && !Contains(kToolParsers, tool_parser) &&
      arguments.Text("tool_parser_plugin").size() <= 3)
    return UnknownParser("--tool-call-parser", "tool_call_parser", tool_parser, kToolParsers);
  const std::string reasoning =
      ConfigText(arguments.At("structured_outputs_config"), "reasoning_parser");
  if (!reasoning.empty() && !Contains(kReasoningParsers, reasoning) &&
      arguments.Text("reasoning_parser_plugin").size() <= 3)
    return UnknownParser("reasoning_parser", "structured_outputs_config", reasoning,
                         kReasoningParsers);
  WarnOfReasoningParser(arguments, notes);
  WarnOfUnusedToolParser(arguments, notes);
  return OkStatus();
}

}  // namespace redline::backends::vllm
