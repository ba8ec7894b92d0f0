// The parts of an AnswerRequest that follow from the fields of a request and the model. Pure
// functions.
#pragma once

#include <optional>

#include "engine/api/answer_request.h"
#include "engine/api/prompt.h"
#include "openai/generation_fields.h"

namespace redline::engine {

SamplingParams SamplingOf(const openai::GenerationFields& fields, int64_t default_max_tokens);
ChoiceFormat FormatOf(const openai::GenerationFields& fields, openai::AnswerKind kind,
                      const LoadedModel& model);
std::optional<Structure> StructureOf(const openai::GenerationFields& fields);

// What a request wants that this model cannot do: kInvalidArgument naming the field.
Status CheckAgainstModel(const openai::GenerationFields& fields, const Served& served);

// Chat: which parser reads the answer, and what it must be so that it is the call asked for.
Status ReadAnswerAs(ReasoningState reasoning, const openai::GenerationFields& fields,
                    const LoadedModel& model, AnswerRequest& request);

}  // namespace redline::engine
