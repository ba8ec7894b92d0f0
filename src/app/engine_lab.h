// Trials on this machine: real engines, started as the platform starts them and measured over HTTP
// as `redline bench` measures.
//
// Several engines may be up at once, so that two can be measured in turns without a start each
// time; one that is not asked does nothing. The one that was asked longest ago ends when another
// is needed and there is no room. All end with this object, and with this process, however it ends.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "app/cpu_engine.h"
#include "backends/backend.h"
#include "backends/launch/launch.h"
#include "lab/tune/trial_lab.h"
#include "lab/tune/tune_options.h"
#include "spec/workload_spec.h"

namespace redline::app {

struct EngineLabOptions {
  CpuEngineResolver resolver;  // of the model, on this machine
  spec::WorkloadSpec workload;
  lab::TuneGoal goal = lab::TuneGoal::kThroughput;
  std::filesystem::path folder;     // of the report: results and logs go there
  std::filesystem::path cache_dir;  // models and engines
  std::string self;                 // this binary
  size_t most_up = 2;
  double start_timeout_seconds = 600;
  double most_run_seconds = 600;
  const std::atomic<bool>* stop = nullptr;
  std::function<int64_t()> free_port;  // tests take others than the system would give
};

class EngineLab : public lab::TrialLab {
 public:
  explicit EngineLab(EngineLabOptions options);
  ~EngineLab() override;

  Result<lab::Checked> Check(const lab::TuneConfiguration& configuration) override;
  Result<std::optional<lab::Forecast>> Predict(
      const lab::TuneConfiguration& configuration) override;
  Result<lab::TrialRun> Measure(const lab::TuneConfiguration& configuration,
                                const lab::RunOrder& order) override;
  Result<lab::GuardRun> Answer(const lab::TuneConfiguration& configuration) override;
  double StartSeconds(const lab::TuneConfiguration& configuration) const override;

 private:
  struct Engine;
  // What became of a start: an engine, or the fault.
  struct Start {
    Engine* engine = nullptr;
    lab::TrialFault fault = lab::TrialFault::kNone;
    std::string reason;
    double seconds = 0;
  };
  Result<CpuEngine> Resolve(const lab::TuneConfiguration& configuration) const;
  Result<Start> Up(const lab::TuneConfiguration& configuration);
  Result<Start> StartOnce(const lab::TuneConfiguration& configuration);
  Result<Start> AwaitReady(std::unique_ptr<Engine> engine);
  bool HasEnded(Engine& engine, double patience_seconds) const;
  Result<std::filesystem::path> SocketIn(const std::filesystem::path& folder);
  void MakeRoom();
  void Drop(Engine* engine);
  Result<lab::TrialRun> MeasureOn(Engine& engine, const lab::RunOrder& order);
  std::string WhyItEnded(const Engine& engine) const;

  const EngineLabOptions options_;
  std::list<std::unique_ptr<Engine>> up_;  // the one asked last first
  std::filesystem::path sockets_;          // a folder for them; empty: they are in the engines' own
  int64_t num_started_ = 0;
  int64_t num_measured_ = 0;
};

}  // namespace redline::app
