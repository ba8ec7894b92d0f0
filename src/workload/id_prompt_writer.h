// Prompts as lists of token ids, for servers that take them: exact at any length, whatever the
// tokenizer.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"
#include "workload/prompt_writer.h"

namespace redline::workload {

// Ids are within [first_id, end_id). Special tokens stand at the beginning of a vocabulary (Llama
// 2, DeepSeek, SmolLM: control tokens and single bytes) or at its end (Llama 3, Qwen, GPT-2), so
// the default leaves out the first 512 ids, or an eighth where that is less, and the last 32nd.
struct IdRange {
  int64_t first_id = 0;
  int64_t end_id = 0;
};
// kInvalidArgument unless there are 16 ids at least, and 2^31 at most.
Result<IdRange> DefaultIdRange(int64_t vocab_size);

class IdPromptWriter : public PromptWriter {
 public:
  // kInvalidArgument for an empty or negative range, or ids of 2^31 and more.
  static Result<std::unique_ptr<IdPromptWriter>> Make(const IdRange& range);
  // "[17,4,...]"; a text of the dataset stays a text.
  void AppendJson(const RequestPlan& plan, size_t index, std::string& json) const override;

 private:
  explicit IdPromptWriter(const IdRange& range) : range_(range) {}
  const IdRange range_;
};

}  // namespace redline::workload
