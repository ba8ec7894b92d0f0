// The steps from the options of trtllm-serve to what runs, in the order of resolver.cc. `values`
// are the parsed options by their dest.
#pragma once

#include <nlohmann/json.hpp>

#include "backends/arguments/argument_parser.h"
#include "backends/resolution.h"
#include "base/status.h"

namespace redline::backends::tensorrt_llm {

// checks.cc: where the engine would end. kInvalidArgument with flag, value and remedy.
Status CheckServe(const nlohmann::json& values);                  // serve.py
Status CheckLlmArgs(const nlohmann::json& values, int num_gpus);  // llm_args.py, llm.py
Status CheckMapping(const nlohmann::json& values);                // mapping.py

// llm_args.cc: what runs, by the engine's names, and what is not what was asked for.
nlohmann::json LlmArgsOf(const nlohmann::json& values, int num_gpus);
std::vector<Rewrite> RewritesOf(const nlohmann::json& values, const nlohmann::json& resolved);

// notes.cc: what changes nothing, what costs speed, what is not known.
void AppendNotes(const ResolveRequest& request, const ParsedArguments& parsed,
                 EngineResolution& resolution);

// A size that may be null; `otherwise` then.
int64_t SizeOr(const nlohmann::json& values, const char* dest, int64_t otherwise);
bool HasFile(const nlohmann::json& values);  // --config

}  // namespace redline::backends::tensorrt_llm
