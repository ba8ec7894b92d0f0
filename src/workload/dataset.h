// Requests read from a file: Azure's and Mooncake's traces, and JSON lines of one's own.
//
// azure: CSV with the columns TIMESTAMP, ContextTokens and GeneratedTokens (Azure's public LLM
//   inference traces of 2023 and 2024).
// mooncake: JSON lines {"timestamp": ms, "input_length", "output_length", "hash_ids"}; requests
// with
//   the same id share that block of 512 tokens.
// jsonl: {"prompt": text} or {"prompt_tokens": n}, both with "max_tokens" and "timestamp" (seconds)
//   where the workload takes these from the file. Other keys are ignored.
//
// Files are read line by line; what is kept is bounded by the limits below. Errors name file and
// line.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "spec/workload_spec.h"

namespace redline::workload {

inline constexpr size_t kMaxDatasetTextBytes = size_t{512} << 20;
inline constexpr size_t kMaxDatasetBlocks = 32 << 20;
inline constexpr int64_t kMooncakeBlockTokens = 512;

struct Dataset {
  struct Row {
    double timestamp_s = -1;     // -1: not told
    int32_t input_tokens = -1;   // -1: not told (a text's length is the tokenizer's to say)
    int32_t output_tokens = -1;  // -1: not told
    uint32_t payload_size = 0;   // blocks, or bytes of text
    uint64_t payload_begin = 0;  // in `block_ids` or `text`
  };
  std::vector<Row> rows;            // in the file's order
  std::vector<uint64_t> block_ids;  // mooncake
  std::string text;                 // jsonl
};

// At most `max_rows` from the beginning of the file; 0: all, up to spec::kMaxRequests.
Result<Dataset> ReadDataset(const spec::DatasetSpec& spec, int64_t max_rows);

}  // namespace redline::workload
