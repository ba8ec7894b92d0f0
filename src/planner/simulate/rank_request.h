// A request as a rank's scheduler knows it, and what is told about it.
#pragma once

#include <cstdint>
#include <vector>

#include "planner/simulate/decode_batch.h"
#include "planner/simulate/prefix_tree.h"
#include "workload/prompt_content.h"

namespace redline::planner {

struct EngineRequest {
  uint64_t tag = 0;  // the caller's name for it, in events and for PromptSource
  int32_t input_tokens = 0;
  int32_t max_tokens = 0;     // the longest answer, which admission reserves for
  int32_t output_tokens = 0;  // the answer ends here, 1 to max_tokens
};

// What the prompts of requests consist of, for the prefix cache. Outlives the scheduler.
class PromptSource {
 public:
  virtual ~PromptSource() = default;
  // The prompt, and after it what stands for the answer, as far as another prompt may go on with
  // it. Nothing: the request shares nothing.
  virtual void AppendContext(uint64_t tag, std::vector<workload::PromptPiece>& pieces) const = 0;
  // False: no two prompts begin alike, so that only preempted requests find anything again, their
  // own; what ends need not be kept.
  virtual bool SharesPrompts() const { return true; }
};

struct RequestEvent {
  enum class Kind : uint8_t { kFirstToken, kFinished, kCancelled };
  Kind kind = Kind::kFirstToken;
  uint64_t tag = 0;
  int32_t output_tokens = 0;  // so far
  int32_t cached_tokens = 0;  // of the prompt, from the prefix cache, when it was first admitted
  int32_t num_preemptions = 0;
};

struct RankRequest {
  static constexpr uint32_t kNone = UINT32_MAX;
  enum class State : uint8_t { kFree, kWaiting, kPrefill, kDecode };

  // The prompt that is computed: what was said before a preemption is a part of it.
  int64_t NumPrefillTokens() const { return int64_t{request.input_tokens} + num_generated; }

  EngineRequest request;
  State state = State::kFree;
  bool was_admitted = false;
  uint32_t generation = 0;    // of the slot
  int32_t num_generated = 0;  // while decoding: as of its beginning
  int32_t cached_tokens = 0;
  int32_t num_preemptions = 0;
  int64_t num_computed = 0;   // kPrefill: tokens in the KV cache
  int64_t shared_pages = 0;   // of the prefix tree, which `node` holds
  int64_t private_pages = 0;  // kDecode under a policy that grows them: follows from `member`
  uint32_t node = PrefixTree::kNone;
  uint32_t previous = kNone;  // admitted before it
  uint32_t next = kNone;
  DecodeBatch::Member member;
};

}  // namespace redline::planner
