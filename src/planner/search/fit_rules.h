// What no engine's resolver says, but its start or its first long prompt would. Pure functions.
#pragma once

#include "base/status.h"
#include "planner/engines/engine_plan.h"

namespace redline::planner {

// kInvalidArgument when heads or experts cannot be dealt out evenly.
Status CheckParallelism(const EngineSettings& settings, const ModelShape& shape);

// kFailedPrecondition when a share of the memory, asked for by hand, leaves too little for the
// activations of a step: only for engines whose share is not of what is measured to be free
// (SGLang). An estimate: a search proposes nothing beyond it.
Status CheckHeadroom(const EnginePlan& plan, const ModelShape& shape);

}  // namespace redline::planner
