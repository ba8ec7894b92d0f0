// JSON schemas of what response.h and error.h write. Pure functions.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace redline::openai {

nlohmann::json ErrorSchema();
nlohmann::json ChatCompletionSchema();
nlohmann::json ChatChunkSchema();
nlohmann::json TextCompletionSchema();  // of whole answers and of chunks
nlohmann::json ModelSchema();
nlohmann::json ModelListSchema();
nlohmann::json TokenizeAnswerSchema();
nlohmann::json DetokenizeAnswerSchema();

}  // namespace redline::openai
