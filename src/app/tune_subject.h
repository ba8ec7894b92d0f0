// What `redline tune` works on: the space, the proposals, and the lab that runs them, from flags.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "app/command.h"
#include "lab/tune/trial_lab.h"
#include "lab/tune/tune.h"
#include "planner/hardware/hardware_spec.h"
#include "planner/predict/configure.h"
#include "spec/workload_spec.h"

namespace redline::app {

// Pointers into it stay good while it lives; it is not moved.
struct TuneSubject {
  std::string model;
  std::string hardware;
  bool is_virtual = false;
  spec::WorkloadSpec workload;
  lab::TuneSpace space;
  std::vector<lab::TuneChoice> proposals;
  size_t baseline_engine = 0;
  std::unique_ptr<lab::TrialLab> lab;
  nlohmann::json truth;  // of a virtual machine; null: a real one

  planner::KnownModel known_model;  // virtual
  planner::HardwareSpec hardware_spec;
};

struct TuneFrame {
  lab::TuneOptions options;
  std::filesystem::path folder;  // of the report; exists
};

// With --virtual the hardware is not there and nothing is measured; else this machine's engines
// run. Errors name the flag.
Result<std::unique_ptr<TuneSubject>> TuneSubjectOf(const Arguments& arguments,
                                                   const TuneFrame& frame);

}  // namespace redline::app
