// The fields that say what an answer must be: OpenAI's response_format, vLLM's structured_outputs
// and guided_*, SGLang's regex, ebnf and json_schema. All end in StructuredOutput; a request that
// uses two of them is refused. Whether the schema or grammar itself is right is for the engine to
// say, which compiles it.
#pragma once

#include "openai/field_rules.h"

namespace redline::openai {

constexpr size_t kMaxChoices = 1024;  // of guided_choice

// {"type": "text" | "json_object"} or {"type": "json_schema", "json_schema": {"name", "schema"}}.
Status ReadResponseFormat(const FieldValue& field, GenerationFields& fields);
nlohmann::json ResponseFormatSchema();
// {"json" | "regex" | "choice" | "grammar" | "json_object": ...}: one of them.
Status ReadStructuredOutputs(const FieldValue& field, GenerationFields& fields);
nlohmann::json StructuredOutputsSchema();
// A JSON schema, as an object or as text that holds one.
Status ReadJsonSchemaField(const FieldValue& field, GenerationFields& fields);
nlohmann::json JsonSchemaFieldSchema();
// A regular expression, a list of texts, a grammar in Lark.
Status ReadRegexField(const FieldValue& field, GenerationFields& fields);
Status ReadChoiceField(const FieldValue& field, GenerationFields& fields);
Status ReadLarkField(const FieldValue& field, GenerationFields& fields);
nlohmann::json GrammarTextSchema();
nlohmann::json ChoiceSchema();

}  // namespace redline::openai
