// The requests of a run, made from a WorkloadSpec and a seed: the same for the load generator and
// for the simulator. Immutable after it is made; every method may be called from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "spec/workload_spec.h"
#include "workload/prompt_content.h"

namespace redline::workload {

struct PlannedRequest {
  uint32_t index = 0;
  // When it should be sent, in seconds after the run's begin. Negative: closed loop, sent as soon
  // as one of `concurrency` places is free.
  double intended_s = -1;
  // Exact length of the prompt, the shared prefix and the turns before included. 0: a text of the
  // dataset whose length only the server knows.
  int32_t input_tokens = 0;
  int32_t output_tokens = 0;  // max_tokens; the answer has exactly as many where the server can be
                              // told to ignore the end of the text
  uint32_t session = 0;       // requests of one session follow each other
  uint32_t turn = 0;          // 0: the first of its session
  float think_s = 0;          // pause between the end of the turn before and this one
  uint16_t slo_class = 0;     // index into WorkloadSpec::slo_classes
};

class RequestPlan {
 public:
  virtual ~RequestPlan() = default;
  virtual size_t size() const = 0;
  virtual PlannedRequest At(size_t index) const = 0;
  // The prompt of a request as `input_tokens` numbers below 2^32, which shared prefixes, sessions
  // and the seed decide; a tokenizer's vocabulary maps them to tokens (prompt_writer.h). Numbers
  // stand for the answers of earlier turns, too: what the server will say is not known here.
  virtual void AppendPromptNumbers(size_t index, std::vector<uint32_t>& numbers) const = 0;
  // The same prompt in pieces: what a prefix cache would find again, without the numbers. Pieces of
  // one key begin with the same numbers.
  virtual void AppendPieces(size_t index, std::vector<PromptPiece>& pieces) const = 0;
  // What stands for the request's answer in the prompt of the session's next turn.
  virtual PromptPiece AnswerOf(size_t index) const = 0;
  // The dataset's own text of a request (custom JSONL); empty when the plan has numbers only.
  virtual std::string TextOf(size_t index) const = 0;
};

// No prompt is longer.
inline constexpr int64_t kMaxPromptTokens = 1 << 24;

// Takes 24 bytes a request, and what a dataset holds. Reads the dataset's file.
//
// Sessions: requests i with the same i / turns, one after the other; the last session may be short.
// In an open loop the first turn has an intended time and `rate` is that of all turns: sessions
// begin at rate / turns. Later turns come think_s after the turn before (intended_s is negative).
//
// Datasets: requests are the file's from its beginning; where more are asked for, it starts over
// (the same lengths and, for texts and Mooncake's blocks, the same prompts), except with arrivals
// from the file.
Result<std::unique_ptr<RequestPlan>> MakePlan(const spec::WorkloadSpec& spec, uint64_t seed);

}  // namespace redline::workload
