// The grammar of DSML calls. Parameters come in the order of the schema, optional ones or not at
// all. A string without constraints is written raw up to its end tag, any other value as JSON. A
// schema that is more than a list of properties has its arguments written as one JSON object.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "text/parsers/call_grammar.h"
#include "text/parsers/tool_call_parser.h"

namespace redline::text {
namespace {

constexpr std::string_view kParameterEnd = "</｜DSML｜parameter>\n";
constexpr std::string_view kRawRule = "raw[suffix=\"</｜DSML｜parameter>\\n\"]: /(?s:.*)/\n";

using Members = std::vector<JsonText::Member>;

const JsonText* Find(const Members& members, std::string_view key) {
  const auto at = std::find_if(members.begin(), members.end(),
                               [&](const JsonText::Member& member) { return member.key == key; });
  return at == members.end() ? nullptr : &at->value;
}

bool HasOnly(const Members& members, const std::set<std::string_view>& keys) {
  return std::all_of(members.begin(), members.end(),
                     [&](const JsonText::Member& member) { return keys.contains(member.key); });
}

// The strings a string property may have; empty: any. nullopt: not a plain string.
std::optional<std::vector<std::string>> PlainString(const Members& schema) {
  const JsonText* type = Find(schema, "type");
  const JsonText* values = Find(schema, "enum");
  if (!HasOnly(schema, {"type", "enum", "description", "title", "default", "examples"}) ||
      (type == nullptr ? values == nullptr : type->text() != "\"string\""))
    return std::nullopt;
  std::vector<std::string> strings;
  if (values == nullptr) return strings;
  if (!values->IsArray() || values->Items().empty()) return std::nullopt;
  for (const JsonText& value : values->Items()) {
    if (!value.IsString()) return std::nullopt;
    strings.push_back(value.String());
    if (strings.back().find("</｜DSML｜") != std::string::npos) return std::nullopt;
  }
  return strings;
}

std::string ParameterOpen(std::string_view key, bool is_string) {
  return LarkString(fmt::format("<｜DSML｜parameter name=\"{}\" string=\"{}\">", key, is_string));
}

// The parameter with its end tag. `definitions`: what references in the property may need.
std::string Parameter(const JsonText::Member& property, const Members& definitions) {
  Members schema = property.value.IsObject() ? property.value.Members() : Members();
  if (const auto strings = PlainString(schema)) {
    std::string value = "raw";
    for (size_t i = 0; i < strings->size(); ++i) {
      value =
          (i == 0 ? "(" : value + " | ") + LarkString((*strings)[i] + std::string(kParameterEnd));
    }
    return ParameterOpen(property.key, true) + " " + value + (strings->empty() ? "" : ")");
  }
  if (property.value.text().find("$ref") != std::string_view::npos)
    schema.insert(schema.end(), definitions.begin(), definitions.end());
  return fmt::format("{} {} {}", ParameterOpen(property.key, false), LarkJson(schema),
                     LarkString(kParameterEnd));
}

// Whether the schema says no more than which properties there are.
bool IsPropertyList(const Members& schema) {
  static const std::set<std::string_view> known = {
      "type",  "properties", "required", "additionalProperties", "description",
      "title", "$defs",      "$schema",  "definitions",          "strict"};
  const JsonText* properties = Find(schema, "properties");
  const JsonText* required = Find(schema, "required");
  return HasOnly(schema, known) && properties != nullptr && properties->IsObject() &&
         (required == nullptr || required->IsArray());
}

// A key that can stand in a tag; and a property that can have a value.
bool IsWritable(const JsonText::Member& property) {
  const auto is_plain = [](char c) {
    return static_cast<unsigned char>(c) >= ' ' && c != '"' && c != '<';
  };
  return (property.value.IsObject() || property.value.text() == "true") &&
         std::all_of(property.key.begin(), property.key.end(), is_plain);
}

std::optional<std::string> Parameters(const Members& schema) {
  if (!IsPropertyList(schema)) return std::nullopt;
  std::set<std::string> required;
  if (const JsonText* names = Find(schema, "required")) {
    for (const JsonText& name : names->Items())
      if (name.IsString()) required.insert(name.String());
  }
  Members definitions;
  for (const char* key : {"$defs", "definitions"})
    if (const JsonText* value = Find(schema, key)) definitions.push_back({key, *value});
  std::string out;
  for (const JsonText::Member& property : Find(schema, "properties")->Members()) {
    if (!IsWritable(property)) return std::nullopt;
    const bool is_required = required.erase(property.key) > 0;
    out += fmt::format(" ({}){}", Parameter(property, definitions), is_required ? "" : "?");
  }
  if (!required.empty()) return std::nullopt;
  return out.empty() ? LarkString("\n") : out;
}

}  // namespace

Result<std::string> DeepSeekV32Grammar(std::span<const ToolDefinition> tools,
                                       ParallelCalls parallel) {
  RL_RETURN_IF_ERROR(CheckTools(tools));
  // Every invoke ends its line, so that no literal starts like another that may stand in its place:
  // llguidance reads the longest.
  std::string grammar =
      LarkStart("\n\n<｜DSML｜function_calls>\n", "", "</｜DSML｜function_calls>", parallel);
  grammar += kRawRule;
  std::string alternatives;
  for (size_t i = 0; i < tools.size(); ++i) {
    RL_ASSIGN_OR_RETURN(const Members schema, SchemaMembers(tools[i]));
    std::optional<std::string> inside = Parameters(schema);
    if (!inside) {
      RL_ASSIGN_OR_RETURN(const std::string arguments, LarkArguments(tools[i]));
      inside = arguments + " \"\\n\"";
    }
    alternatives += fmt::format("{}tool_{}", i == 0 ? "" : " | ", i);
    grammar += fmt::format("tool_{}: {} {}\n", i, LarkString(tools[i].name + "\">\n"), *inside);
  }
  grammar += fmt::format("call: {} ({}) {}\n", LarkString("<｜DSML｜invoke name=\""), alternatives,
                         LarkString("</｜DSML｜invoke>\n"));
  return grammar;
}

}  // namespace redline::text
