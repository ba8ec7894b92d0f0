// What `--workload` names: one of the presets, or a file.
#pragma once

#include <string>

#include "base/status.h"
#include "spec/workload_spec.h"

namespace redline::workload {

// A preset's name; otherwise a path (JSON where it ends in .json, YAML elsewhere), whose dataset is
// relative to the file's folder. Errors name the file and the field.
Result<spec::WorkloadSpec> LoadWorkload(const std::string& name_or_path);

}  // namespace redline::workload
