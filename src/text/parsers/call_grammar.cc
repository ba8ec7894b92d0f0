#include "text/parsers/call_grammar.h"

#include <fmt/format.h>

#include <algorithm>

#include "net/json_body.h"

namespace redline::text {
namespace {

constexpr std::string_view kJsonStyle =
    R"("x-guidance": {"item_separator": ", ", "key_separator": ": ", "whitespace_flexible": false})";

Status InTool(const ToolDefinition& tool, const Status& status) {
  return status.WithContext(fmt::format("tool {}: parameters", net::JsonString(tool.name)));
}

bool AllowsObjects(const JsonText& type) {
  if (!type.IsArray()) return type.text() == "\"object\"";
  const auto types = type.Items();
  return std::any_of(types.begin(), types.end(), AllowsObjects);
}

}  // namespace

Status CheckTools(std::span<const ToolDefinition> tools) {
  if (tools.empty()) return InvalidArgument("a tool call needs at least one tool", "tools");
  for (const ToolDefinition& tool : tools) {
    const auto is_plain = [](char c) {
      return static_cast<unsigned char>(c) > ' ' &&
             std::string_view("\"\\<>{}[]\x7F").find(c) == std::string_view::npos;
    };
    if (tool.name.empty() || !std::all_of(tool.name.begin(), tool.name.end(), is_plain)) {
      return InvalidArgument(
          fmt::format("the tool name {} cannot be called: use letters, digits, \"_\" and \"-\"",
                      net::JsonString(tool.name)),
          "tools");
    }
  }
  return OkStatus();
}

Result<std::vector<JsonText::Member>> SchemaMembers(const ToolDefinition& tool) {
  if (tool.parameters_json.empty()) return std::vector<JsonText::Member>();
  const auto schema = JsonText::Check(tool.parameters_json);
  if (!schema.ok()) return InTool(tool, schema.status());
  if (!schema->IsObject()) return InTool(tool, InvalidArgument("must be a JSON schema", "tools"));
  auto members = schema->Members();
  for (const JsonText::Member& member : members) {
    if (member.key == "type" && !AllowsObjects(member.value)) {
      const auto message =
          fmt::format("\"type\" must be \"object\", got {}", member.value.text().substr(0, 40));
      return InTool(tool, InvalidArgument(message, "tools"));
    }
  }
  return members;
}

std::string LarkString(std::string_view text) {
  std::string out = "\"";
  AppendJsonEscaped(text, &out);
  return out + '"';
}

std::string LarkJson(std::span<const JsonText::Member> schema_members) {
  std::string out = fmt::format("%json {{{}", kJsonStyle);
  for (const auto& [key, value] : schema_members) {
    if (key == "x-guidance") continue;
    out += ", " + net::JsonString(key) + ": ";
    out += value.text();
  }
  return out + '}';
}

Result<std::string> LarkArguments(const ToolDefinition& tool) {
  RL_ASSIGN_OR_RETURN(auto members, SchemaMembers(tool));
  std::erase_if(members, [](const JsonText::Member& member) { return member.key == "type"; });
  const auto object = JsonText::Check("\"object\"");
  members.push_back({"type", *object});
  return LarkJson(members);
}

std::string LarkStart(std::string_view calls_open, std::string_view separator,
                      std::string_view calls_close, ParallelCalls parallel) {
  const std::string more =
      parallel == ParallelCalls::kYes ? fmt::format(" ({} call)*", LarkString(separator)) : "";
  return fmt::format("start: {} call{} {}\n", LarkString(calls_open), more,
                     LarkString(calls_close));
}

Result<std::string> JsonCallsGrammar(const CallSyntax& syntax,
                                     std::span<const ToolDefinition> tools,
                                     ParallelCalls parallel) {
  RL_RETURN_IF_ERROR(CheckTools(tools));
  std::string grammar =
      LarkStart(syntax.calls_open, syntax.separator, syntax.calls_close, parallel);
  std::string alternatives;
  std::string rules;
  for (size_t i = 0; i < tools.size(); ++i) {
    RL_ASSIGN_OR_RETURN(const std::string arguments, LarkArguments(tools[i]));
    const std::string head = LarkString(tools[i].name + std::string(syntax.name_close));
    alternatives += fmt::format("{}tool_{}", i == 0 ? "" : " | ", i);
    rules += fmt::format("tool_{}: {} {}\n", i, head, arguments);
  }
  return grammar + fmt::format("call: {} ({}) {}\n{}", LarkString(syntax.call_open), alternatives,
                               LarkString(syntax.call_close), rules);
}

}  // namespace redline::text
