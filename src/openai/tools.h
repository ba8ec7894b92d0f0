// Tools a model may call: definitions, and which of them it may or must call.
#pragma once

#include "openai/field_rules.h"

namespace redline::openai {

constexpr size_t kMaxTools = 128;

Status ReadTools(const FieldValue& field, GenerationFields& fields);
nlohmann::json ToolsSchema();
// Before the tools may be known: CheckToolChoice looks at both.
Status ReadToolChoice(const FieldValue& field, GenerationFields& fields);
nlohmann::json ToolChoiceSchema();

// tool_choice against tools. Without a choice it is auto where there are tools.
Status CheckToolChoice(const nlohmann::json& body, GenerationFields& fields);

// Whether `name` is one a function can have: ^[a-zA-Z0-9_.-]{1,64}$.
bool IsFunctionName(std::string_view name);

}  // namespace redline::openai
