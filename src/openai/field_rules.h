// The kinds of rules a field of a request can have. Each reads a JSON value into GenerationFields,
// says in words what it accepts, and has a JSON schema. Pure functions.
#pragma once

#include <cstdint>
#include <limits>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/status.h"
#include "openai/generation_fields.h"

namespace redline::openai {

// One member of a request, on its way into GenerationFields.
struct FieldValue {
  std::string_view name;
  const nlohmann::json& value;
  std::string_view body;  // the whole request as text: valid JSON

  // The value as the client wrote it.
  std::string_view Text() const;
};

struct NumberRule {
  double min;
  double max;
  bool min_excluded;
  std::optional<double> GenerationFields::*member;
};
struct IntegerRule {
  double min;
  double max;
  std::optional<int64_t> GenerationFields::*member;
};
struct BoolRule {
  bool GenerationFields::*member;
};
struct StringRule {
  size_t min_characters;
  size_t max_characters;
  bool required;
  std::string GenerationFields::*member;
};
// A field with a form of its own. Without `read`, the endpoint's parser reads it.
struct CustomRule {
  std::string_view accepts;
  nlohmann::json (*schema)();
  Status (*read)(const FieldValue& field, GenerationFields& fields) = nullptr;
};
// Accepted and without effect on the answer, whatever the value.
struct NoEffectRule {};
// A feature this version does not have: only the JSON texts in `neutral` (and null) are accepted.
// `min` and `max` are the domain of a number that is not neutral, to name the right mistake.
struct UnsupportedRule {
  std::string_view neutral;  // separated by blanks
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
};

using Rule = std::variant<NumberRule, IntegerRule, BoolRule, StringRule, CustomRule, NoEffectRule,
                          UnsupportedRule>;

// kInvalidArgument naming the field, the value and what was expected.
Status ReadField(const Rule& rule, const FieldValue& field, GenerationFields& fields);
std::string DescribeRule(const Rule& rule);
// Of the values that are accepted, null aside.
nlohmann::json SchemaOfRule(const Rule& rule);
// Whether the field must be there and cannot be null.
bool IsRequired(const Rule& rule);

// --- For readers of fields with a form of their own ----------------------------------------------

// "PARAM must be EXPECTED, got VALUE".
Status WrongValue(std::string_view param, std::string_view expected, const nlohmann::json& value);
// An integer in any spelling JSON has for it (16, 16.0), when a double holds it exactly.
std::optional<int64_t> AsInteger(const nlohmann::json& value, double min, double max);
// Code points of a string; nullopt when the value is no string.
std::optional<size_t> NumCharacters(const nlohmann::json& value);
// A token id: 0 to 2^31 - 1.
std::optional<int32_t> AsTokenId(const nlohmann::json& value);
nlohmann::json TokenIdSchema();

}  // namespace redline::openai
