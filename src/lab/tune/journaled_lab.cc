#include "lab/tune/journaled_lab.h"

#include <fmt/format.h>

namespace redline::lab {

Result<TrialRun> JournaledLab::Measure(const TuneConfiguration& configuration,
                                       const RunOrder& order) {
  const std::string key = fmt::format("{} {} {}", order.is_short ? "short" : "run", order.seed,
                                      ToJson(configuration).dump());
  if (const nlohmann::json* known = journal_.Find(key)) return TrialRunFromJson(*known);
  RL_ASSIGN_OR_RETURN(TrialRun run, lab_.Measure(configuration, order));
  RL_RETURN_IF_ERROR(journal_.Append(key, ToJson(run)));
  return run;
}

Result<GuardRun> JournaledLab::Answer(const TuneConfiguration& configuration) {
  const std::string key = "answers " + ToJson(configuration).dump();
  if (const nlohmann::json* known = journal_.Find(key)) return GuardRunFromJson(*known);
  RL_ASSIGN_OR_RETURN(GuardRun run, lab_.Answer(configuration));
  RL_RETURN_IF_ERROR(journal_.Append(key, ToJson(run)));
  return run;
}

}  // namespace redline::lab
