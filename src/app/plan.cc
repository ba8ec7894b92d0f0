// redline plan: what a configuration would do, before it runs.
#include <fmt/format.h>

#include "app/commands.h"
#include "app/output.h"
#include "app/plan_validate.h"

namespace redline::app {
namespace {

Status RunPlan(const Arguments& arguments) {
  if (arguments.Get("MODEL") == "validate") return RunPlanValidate(arguments);
  return InvalidArgument("only `redline plan validate FILE` is there", "MODEL");
}

}  // namespace

Command PlanCommand() {
  return {
      .name = "plan",
      .summary = "predict what an engine will do on given hardware",
      .description = "",
      .example = "redline plan validate runs.csv",
      .flags = {OutputFlag(),
                {"calibration", "FILE", "calibrations of engines [those that are built in]", ""},
                {"leave-models-out", "",
                 "validate: predict each model's runs by calibrations fitted to the others' "
                 "(takes minutes)",
                 ""}},
      .positionals = {{"MODEL", "validate"}, {"FILE", "validate: measured runs (CSV)", false}},
      .run = RunPlan};
}

}  // namespace redline::app
