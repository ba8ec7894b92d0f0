#include "planner/simulate/inflight_scheduler.h"
#include "planner/simulate/mixed_scheduler.h"
#include "planner/simulate/prefill_first_scheduler.h"

namespace redline::planner {

std::unique_ptr<RankScheduler> MakeRankScheduler(const SchedulerPolicy& policy,
                                                 const PromptSource* source) {
  switch (policy.kind) {
    case SchedulerPolicy::Kind::kPrefillFirst:
      return std::make_unique<PrefillFirstScheduler>(policy, source);
    case SchedulerPolicy::Kind::kMixed:
      return std::make_unique<MixedScheduler>(policy, source);
    case SchedulerPolicy::Kind::kInflight:
      return std::make_unique<InflightScheduler>(policy, source);
  }
  return nullptr;
}

}  // namespace redline::planner
