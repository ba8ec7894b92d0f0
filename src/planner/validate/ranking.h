// Whether predictions put the configurations of a page in the order that was measured. Pure
// function.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

namespace redline::planner {

struct ValidatedRow;

// Runs of one configuration count as their mean; pairs closer than 20% are not ranked (their order
// is noise). Of each page and workload with at least five configurations: Spearman's correlation,
// and what the predicted best reaches of the measured best.
nlohmann::json RankingToJson(const std::vector<ValidatedRow>& rows);

}  // namespace redline::planner
