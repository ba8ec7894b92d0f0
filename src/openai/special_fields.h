// Fields with a form of their own that fit in a few lines each: lists, stream_options, variables of
// the chat template.
#pragma once

#include "openai/field_rules.h"

namespace redline::openai {

constexpr size_t kMaxStops = 4;
constexpr size_t kMaxStopCharacters = 1024;
constexpr size_t kMaxStopTokenIds = 1024;
constexpr size_t kMaxLogitBiases = 1024;
constexpr double kMaxLogitBias = 100;

Status ReadSeed(const FieldValue& field, GenerationFields& fields);
nlohmann::json SeedSchema();
Status ReadStop(const FieldValue& field, GenerationFields& fields);
nlohmann::json StopSchema();
Status ReadStopTokenIds(const FieldValue& field, GenerationFields& fields);
nlohmann::json StopTokenIdsSchema();
Status ReadLogitBias(const FieldValue& field, GenerationFields& fields);
nlohmann::json LogitBiasSchema();
Status ReadStreamOptions(const FieldValue& field, GenerationFields& fields);
nlohmann::json StreamOptionsSchema();
Status ReadAddSpecialTokens(const FieldValue& field, GenerationFields& fields);
nlohmann::json BoolSchema();

// Template variables a client may set: enable_thinking and thinking, which one depends on the
// model. Everything else a template reads (messages, tools, ...) and the template itself are the
// server's.
Status ReadTemplateKwargs(const FieldValue& field, GenerationFields& fields);
nlohmann::json TemplateKwargsSchema();
// none and minimal turn thinking off, the rest on; a template that knows reasoning_effort gets it.
Status ReadReasoningEffort(const FieldValue& field, GenerationFields& fields);
nlohmann::json ReasoningEffortSchema();

}  // namespace redline::openai
