// What a simulated run gives. Times are seconds after the run's begin, as its client sees them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace redline::planner {

struct SimulatedRequest {
  enum class Outcome : uint8_t {
    kUnsent,      // the simulation was stopped before
    kUnfinished,  // and during
    kFinished,
    kAborted,  // its client left when it had enough (WorkloadSpec::abort_share)
    kRefused,  // it can never fit: SimulationResult::refusal says why
  };
  uint32_t index = 0;
  uint32_t session = 0;
  uint16_t turn = 0;
  uint16_t slo_class = 0;
  Outcome outcome = Outcome::kUnsent;
  double intended_s = 0;
  double sent_s = 0;
  double first_token_s = -1;  // -1: none came
  double last_token_s = -1;   // of a refused one: when its client was told
  int32_t input_tokens = 0;
  int32_t output_tokens = 0;  // that came; of one that was not finished, its length if it had been
  int32_t cached_tokens = 0;  // of input_tokens, from the prefix cache
  int32_t num_preemptions = 0;
};

// Engine steps of one kind. A lockstep of all ranks is one step.
struct StepTotals {
  int64_t num_steps = 0;
  double seconds = 0;
  int64_t prefill_tokens = 0;
  int64_t decode_requests = 0;  // summed over the steps
};

struct SimulationResult {
  enum class Stop { kDone, kMaxSteps, kMaxSeconds };

  std::vector<SimulatedRequest> requests;  // by index
  Stop stop = Stop::kDone;
  double end_s = 0;  // the last client has its last token; or when it was stopped
  int64_t num_steps = 0;
  double busy_s = 0;   // over all engines that step alone: steps running
  StepTotals prefill;  // no rank decodes
  StepTotals decode;   // no rank computes prompts
  StepTotals mixed;
  double mean_decoding = 0;  // requests in a step that has any, over all ranks
  int64_t peak_running = 0;  // of the rank that has the most
  int64_t peak_kv_tokens = 0;
  int64_t num_preemptions = 0;
  int64_t num_refused = 0;
  std::string refusal;  // of the first that was
};

}  // namespace redline::planner
