#include "base/version.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "app/output.h"

namespace redline::app {
namespace {

Status RunVersion(const Arguments& arguments) {
  const nlohmann::json value = {{"version", kVersion}};
  if (!PrintedForPrograms(arguments, value)) fmt::print("redline {}\n", kVersion);
  return OkStatus();
}

}  // namespace

Command VersionCommand() {
  return {.name = "version",
          .summary = "print the version",
          .description = "Prints this binary's version.",
          .example = "redline version",
          .flags = {OutputFlag()},
          .run = RunVersion};
}

}  // namespace redline::app
