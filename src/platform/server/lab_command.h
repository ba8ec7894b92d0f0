// From the body of POST /api/v1/lab/jobs to the command line that does it. Pure functions.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/status.h"
#include "platform/catalog/catalog.h"
#include "platform/server/lab_views.h"

namespace redline::platform {

struct LabPlaces {
  std::filesystem::path program;    // this binary
  std::filesystem::path data_dir;   // where `bench` finds gateway and key
  std::filesystem::path cache_dir;  // models and engines of `tune`
  std::filesystem::path jobs;       // a folder per job
};

// kInvalidArgument with the field in `param` for whatever the commands would refuse, but for the
// deployment, of which the cluster knows.
Status CheckLabJob(const LabJobBody& body, const Catalog& catalog);

enum class Sitting { kFirst, kResumed };

// An argument vector without any secret; of a body that was checked.
std::vector<std::string> LabCommand(const LabJobBody& body, const LabPlaces& places,
                                    const std::filesystem::path& folder, Sitting sitting);

}  // namespace redline::platform
