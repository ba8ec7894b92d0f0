// Result files of other tools, onto the names of docs/metrics.md. What a file does not tell is
// absent, never 0. A file is at most 256 MiB; what it says is checked before it is believed.
//
// | tool | file |
// |---|---|
// | vllm | `vllm bench serve --save-result`: one JSON object |
// | sglang | `bench_serving --output-file`: one JSON object a line; lines are repeats |
// | guidellm | `benchmarks.json`: {"benchmarks": [...]}, one for each rate |
// | aiperf | `profile_export_aiperf.json`: {"time_to_first_token": {"avg": ...}, ...} |
//
// None of them is a repeat of our kind in time: an import has no start times, so that its repeats
// are compared as measured one after the other.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "lab/metrics/measurement.h"

namespace redline::lab {

// A result file of any tool known here, our own included, told apart by its content. Files with
// several benchmarks give one measurement each. kInvalidArgument names what was looked for.
Result<std::vector<Measurement>> ImportResults(std::string_view text);

// Reads a file. "FILE#2" is the second of several benchmarks; a file with several needs it.
Result<Measurement> ImportFile(const std::string& path);

}  // namespace redline::lab
