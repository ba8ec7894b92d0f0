#include "openai/tools.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/strings.h"
#include "openai/raw_json.h"

namespace redline::openai {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxNameBytes = 64;
constexpr std::string_view kNamePattern = "^[a-zA-Z0-9_.-]{1,64}$";
constexpr std::string_view kToolForm = R"({"type": "function", "function": {"name": ...}})";
constexpr std::string_view kChoiceForm =
    R"("none", "auto", "required" or {"type": "function", "function": {"name": ...}})";

// The member `function` of {"type": "function", "function": {...}}, or nullptr.
const Json* FunctionOf(const Json& value) {
  if (!value.is_object() || value.value("type", Json()) != "function") return nullptr;
  const auto function = value.find("function");
  return function != value.end() && function->is_object() ? &*function : nullptr;
}

Result<std::string> ReadName(const Json& function, const std::string& path) {
  const auto name = function.find("name");
  const std::string param = path + ".function.name";
  if (name == function.end()) return InvalidArgument(param + " is required", param);
  if (!name->is_string() || !IsFunctionName(name->get_ref<const std::string&>()))
    return WrongValue(param, "1 to 64 letters, digits, _, . or -", *name);
  return name->get<std::string>();
}

Result<Tool> ReadTool(const Json& value, std::string_view text, const std::string& path) {
  const Json* function = FunctionOf(value);
  if (function == nullptr) return WrongValue(path, kToolForm, value);
  Tool tool;
  RL_ASSIGN_OR_RETURN(tool.name, ReadName(*function, path));
  const auto description = function->find("description");
  if (description != function->end() && !description->is_null()) {
    if (!description->is_string())
      return WrongValue(path + ".function.description", "a string", *description);
    tool.description = description->get<std::string>();
  }
  tool.parameters_json = "{}";
  const auto parameters = function->find("parameters");
  if (parameters != function->end() && !parameters->is_null()) {
    if (!parameters->is_object())
      return WrongValue(path + ".function.parameters", "a JSON schema: an object", *parameters);
    tool.parameters_json = RawMember(RawMember(text, "function"), "parameters");
  }
  tool.json = text;
  return tool;
}

Status CheckNames(const std::vector<Tool>& tools) {
  std::set<std::string_view> names;
  for (const Tool& tool : tools) {
    if (!names.insert(tool.name).second)
      return InvalidArgument(fmt::format("tools has two functions named {}", tool.name), "tools");
  }
  return OkStatus();
}

Status CheckNamed(const GenerationFields& fields) {
  std::vector<std::string> names;
  for (const Tool& tool : fields.tools) names.push_back(tool.name);
  const std::string& name = fields.tool_choice.name;
  if (std::find(names.begin(), names.end(), name) != names.end()) return OkStatus();
  return InvalidArgument(
      fmt::format("tool_choice names the function {}, which is not among the tools{}", name,
                  DidYouMean(name, names)),
      "tool_choice");
}

}  // namespace

bool IsFunctionName(std::string_view name) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
  return !name.empty() && name.size() <= kMaxNameBytes &&
         name.find_first_not_of(kAllowed) == name.npos;
}

Status ReadTools(const FieldValue& field, GenerationFields& fields) {
  if (!field.value.is_array()) return WrongValue(field.name, "a list of tools", field.value);
  if (field.value.size() > kMaxTools) {
    return InvalidArgument(
        fmt::format("tools has {} entries; the limit is {}", field.value.size(), kMaxTools),
        "tools");
  }
  const std::vector<std::string_view> texts = RawElements(field.Text());
  for (size_t index = 0; index < field.value.size(); ++index) {
    RL_ASSIGN_OR_RETURN(
        Tool tool, ReadTool(field.value[index], texts.at(index), fmt::format("tools[{}]", index)));
    fields.tools.push_back(std::move(tool));
  }
  return CheckNames(fields.tools);
}

Status ReadToolChoice(const FieldValue& field, GenerationFields& fields) {
  ToolChoice& choice = fields.tool_choice;
  if (field.value == "none") return OkStatus();
  if (field.value == "auto" || field.value == "required") {
    choice.kind = field.value == "auto" ? ToolChoice::Kind::kAuto : ToolChoice::Kind::kRequired;
    return OkStatus();
  }
  const Json* function = FunctionOf(field.value);
  if (function == nullptr) return WrongValue(field.name, kChoiceForm, field.value);
  choice.kind = ToolChoice::Kind::kNamed;
  RL_ASSIGN_OR_RETURN(choice.name, ReadName(*function, "tool_choice"));
  return OkStatus();
}

Status CheckToolChoice(const Json& body, GenerationFields& fields) {
  ToolChoice& choice = fields.tool_choice;
  const auto said = body.find("tool_choice");
  if (said == body.end() || said->is_null())
    choice.kind = fields.tools.empty() ? ToolChoice::Kind::kNone : ToolChoice::Kind::kAuto;
  const bool is_forced =
      choice.kind == ToolChoice::Kind::kRequired || choice.kind == ToolChoice::Kind::kNamed;
  if (is_forced && fields.tools.empty())
    return InvalidArgument("tool_choice asks for a call, but there are no tools", "tool_choice");
  if (is_forced && fields.structured.kind != StructuredOutput::Kind::kNone) {
    return InvalidArgument(fmt::format("tool_choice asks for a call and {} for something else; "
                                       "give one",
                                       fields.structured.param),
                           "tool_choice");
  }
  if (choice.kind == ToolChoice::Kind::kNamed) return CheckNamed(fields);
  if (fields.tools.empty()) choice.kind = ToolChoice::Kind::kNone;
  return OkStatus();
}

Json ToolsSchema() {
  const Json function = {{"type", "object"},
                         {"properties",
                          {{"name", {{"type", "string"}, {"pattern", kNamePattern}}},
                           {"description", {{"type", {"string", "null"}}}},
                           {"parameters", {{"type", {"object", "null"}}}}}},
                         {"required", Json::array({"name"})}};
  return {{"type", "array"},
          {"maxItems", kMaxTools},
          {"items",
           {{"type", "object"},
            {"properties", {{"type", {{"const", "function"}}}, {"function", function}}},
            {"required", {"type", "function"}}}}};
}

Json ToolChoiceSchema() {
  const Json name = {{"type", "string"}, {"pattern", kNamePattern}};
  const Json named = {{"type", "object"},
                      {"properties",
                       {{"type", {{"const", "function"}}},
                        {"function",
                         {{"type", "object"},
                          {"properties", {{"name", name}}},
                          {"required", Json::array({"name"})}}}}},
                      {"required", {"type", "function"}}};
  return {{"anyOf", {{{"enum", {"none", "auto", "required"}}}, named}}};
}

}  // namespace redline::openai
