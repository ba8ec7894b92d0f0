#include "openai/structured_output.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "net/json_body.h"
#include "openai/raw_json.h"

namespace redline::openai {
namespace {

using Json = nlohmann::json;
using Kind = StructuredOutput::Kind;

constexpr std::string_view kAnyObject = R"({"type":"object"})";
constexpr size_t kMaxSchemaName = 64;

// Where a way to ask is written, and its parts.
struct Source {
  std::string param;  // "structured_outputs.regex"
  const Json& value;
  std::string_view text;  // of the value
};

Status SetStructure(Kind kind, std::string source, const std::string& param,
                    GenerationFields& fields) {
  if (fields.structured.kind != Kind::kNone) {
    return InvalidArgument(fmt::format("{} and {} both say what the answer must be; give one",
                                       fields.structured.param, param),
                           param);
  }
  fields.structured = {kind, std::move(source), param};
  return OkStatus();
}

Status SetGrammar(Kind kind, const Source& from, std::string_view what, GenerationFields& fields) {
  if (!from.value.is_string() || from.value.get_ref<const std::string&>().empty())
    return WrongValue(from.param, what, from.value);
  return SetStructure(kind, from.value.get<std::string>(), from.param, fields);
}

Status SetRegex(const Source& from, GenerationFields& fields) {
  return SetGrammar(Kind::kRegex, from, "a regular expression", fields);
}
Status SetLark(const Source& from, GenerationFields& fields) {
  return SetGrammar(Kind::kLark, from, "a grammar in llguidance's dialect of Lark", fields);
}

Status SetSchema(const Source& from, GenerationFields& fields) {
  if (from.value.is_object())
    return SetStructure(Kind::kJsonSchema, std::string(from.text), from.param, fields);
  if (!from.value.is_string())
    return WrongValue(from.param, "a JSON schema: an object, or text that holds one", from.value);
  const auto& text = from.value.get_ref<const std::string&>();
  if (const Result<Json> schema = net::ParseJsonObject(text); !schema.ok()) {
    return InvalidArgument(
        fmt::format("{} is no JSON schema: {}", from.param, schema.status().message()), from.param);
  }
  return SetStructure(Kind::kJsonSchema, text, from.param, fields);
}

// A Lark grammar of exactly these texts; its literals are written as JSON strings.
Status SetChoice(const Source& from, GenerationFields& fields) {
  const std::string expected = fmt::format("a list of 1 to {} texts", kMaxChoices);
  if (!from.value.is_array() || from.value.empty() || from.value.size() > kMaxChoices)
    return WrongValue(from.param, expected, from.value);
  std::string grammar = "start: ";
  for (const Json& choice : from.value) {
    if (!choice.is_string() || choice == "") return WrongValue(from.param, expected, choice);
    if (&choice != &from.value[0]) grammar += " | ";
    net::AppendJsonString(grammar, choice.get_ref<const std::string&>());
  }
  return SetStructure(Kind::kLark, std::move(grammar), from.param, fields);
}

Status SetAnyObject(const Source& from, GenerationFields& fields) {
  if (!from.value.is_boolean()) return WrongValue(from.param, "true or false", from.value);
  if (!from.value.get<bool>()) return OkStatus();
  return SetStructure(Kind::kJsonSchema, std::string(kAnyObject), from.param, fields);
}

constexpr std::array<std::pair<std::string_view, Status (*)(const Source&, GenerationFields&)>, 5>
    kStructures = {{{"json", SetSchema},
                    {"regex", SetRegex},
                    {"choice", SetChoice},
                    {"grammar", SetLark},
                    {"json_object", SetAnyObject}}};

Source WholeField(const FieldValue& field) {
  return {std::string(field.name), field.value, field.value.is_object() ? field.Text() : ""};
}

bool IsSchemaName(const Json& name) {
  const auto length = NumCharacters(name);
  if (!length || *length == 0 || *length > kMaxSchemaName) return false;
  const auto& text = name.get_ref<const std::string&>();
  return text.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == text.npos;
}

Status CheckOptional(const Json& object, const std::string& path, const char* key, bool is_bool) {
  const auto value = object.find(key);
  if (value == object.end() || value->is_null()) return OkStatus();
  if (is_bool ? value->is_boolean() : value->is_string()) return OkStatus();
  return WrongValue(path + "." + key, is_bool ? "true or false" : "a string", *value);
}

// response_format.json_schema. Without a schema any object will do.
Status ReadNamedSchema(const Json& named, std::string_view text, GenerationFields& fields) {
  const std::string path = "response_format.json_schema";
  if (!named.is_object()) return WrongValue(path, "an object with name and schema", named);
  const auto name = named.find("name");
  if (name == named.end() || !IsSchemaName(*name)) {
    return InvalidArgument(path + ".name must be 1 to 64 letters, digits, _ or -", path + ".name");
  }
  RL_RETURN_IF_ERROR(CheckOptional(named, path, "description", /*is_bool=*/false));
  RL_RETURN_IF_ERROR(CheckOptional(named, path, "strict", /*is_bool=*/true));
  const auto schema = named.find("schema");
  if (schema == named.end() || schema->is_null())
    return SetStructure(Kind::kJsonSchema, std::string(kAnyObject), path, fields);
  if (!schema->is_object()) return WrongValue(path + ".schema", "a JSON schema", *schema);
  return SetStructure(Kind::kJsonSchema, std::string(RawMember(text, "schema")), path + ".schema",
                      fields);
}

}  // namespace

Status ReadResponseFormat(const FieldValue& field, GenerationFields& fields) {
  constexpr std::string_view kTypes = "text, json_object or json_schema";
  const auto type = field.value.is_object() ? field.value.find("type") : field.value.end();
  if (!field.value.is_object() || type == field.value.end())
    return WrongValue(field.name, fmt::format("an object with type {}", kTypes), field.value);
  if (*type == "text") return OkStatus();
  if (*type == "json_object")
    return SetStructure(Kind::kJsonSchema, std::string(kAnyObject), std::string(field.name),
                        fields);
  if (*type != "json_schema") return WrongValue("response_format.type", kTypes, *type);
  const auto named = field.value.find("json_schema");
  if (named == field.value.end())
    return InvalidArgument("response_format.json_schema is required for type json_schema",
                           "response_format.json_schema");
  return ReadNamedSchema(*named, RawMember(field.Text(), "json_schema"), fields);
}

Status ReadStructuredOutputs(const FieldValue& field, GenerationFields& fields) {
  if (!field.value.is_object())
    return WrongValue(field.name, "an object with json, regex, choice, grammar or json_object",
                      field.value);
  const std::string_view text = field.Text();
  for (const auto& [key, value] : field.value.items()) {
    const auto* structure = std::find_if(kStructures.begin(), kStructures.end(),
                                         [&](const auto& known) { return known.first == key; });
    const std::string param = fmt::format("{}.{}", field.name, key);
    if (value.is_null() || value == false) continue;
    if (structure == kStructures.end())
      return InvalidArgument(param.substr(0, 128) + " is not supported by this version", param);
    RL_RETURN_IF_ERROR(structure->second({param, value, RawMember(text, key)}, fields));
  }
  return OkStatus();
}

Status ReadJsonSchemaField(const FieldValue& field, GenerationFields& fields) {
  return SetSchema(WholeField(field), fields);
}
Status ReadRegexField(const FieldValue& field, GenerationFields& fields) {
  return SetRegex(WholeField(field), fields);
}
Status ReadChoiceField(const FieldValue& field, GenerationFields& fields) {
  return SetChoice(WholeField(field), fields);
}
Status ReadLarkField(const FieldValue& field, GenerationFields& fields) {
  return SetLark(WholeField(field), fields);
}

Json GrammarTextSchema() { return {{"type", "string"}, {"minLength", 1}}; }

Json ChoiceSchema() {
  return {{"type", "array"},
          {"minItems", 1},
          {"maxItems", kMaxChoices},
          {"items", {{"type", "string"}, {"minLength", 1}}}};
}

Json JsonSchemaFieldSchema() { return {{"type", {"object", "string"}}}; }

Json StructuredOutputsSchema() {
  return {{"type", "object"},
          {"properties",
           {{"json", JsonSchemaFieldSchema()},
            {"regex", GrammarTextSchema()},
            {"choice", ChoiceSchema()},
            {"grammar", GrammarTextSchema()},
            {"json_object", {{"type", "boolean"}}}}},
          {"additionalProperties", false},
          {"maxProperties", 1}};
}

Json ResponseFormatSchema() {
  const Json named = {{"type", "object"},
                      {"properties",
                       {{"name", {{"type", "string"}, {"pattern", "^[a-zA-Z0-9_-]{1,64}$"}}},
                        {"description", {{"type", {"string", "null"}}}},
                        {"schema", {{"type", {"object", "null"}}}},
                        {"strict", {{"type", {"boolean", "null"}}}}}},
                      {"required", Json::array({"name"})}};
  return {{"type", "object"},
          {"properties", {{"type", {{"enum", {"text", "json_object", "json_schema"}}}}}},
          {"required", Json::array({"type"})},
          {"if",
           {{"properties", {{"type", {{"const", "json_schema"}}}}},
            {"required", Json::array({"type"})}}},
          {"then",
           {{"properties", {{"json_schema", named}}}, {"required", Json::array({"json_schema"})}}}};
}

}  // namespace redline::openai
