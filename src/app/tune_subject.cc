#include "app/tune_subject.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "app/bench_flags.h"
#include "app/engine_lab.h"
#include "app/progress_line.h"
#include "backends/install/engine_store.h"
#include "base/process.h"
#include "base/strings.h"
#include "embedded/catalog_files.h"
#include "engine/kernels/registry.h"
#include "lab/tune/cpu_axes.h"
#include "lab/tune/virtual_lab.h"
#include "planner/search/search.h"
#include "planner/virtual/truth_cost.h"
#include "platform/agent/node_share.h"
#include "platform/layout.h"
#include "workload/plan_summary.h"
#include "workload/request_plan.h"

namespace redline::app {
namespace {

// The scenario compares with vLLM's defaults.
constexpr std::string_view kBaselineEngine = "vllm";

// Those of --engines a,b; empty: all that there are for the machine.
std::vector<std::string> EnginesOf(const Arguments& arguments) {
  std::vector<std::string> engines;
  for (const std::string& name : Split(arguments.Get("engines"), ',')) {
    if (!name.empty()) engines.push_back(name);
  }
  return engines;
}

// Other kernels of the same vectors as the default's, one of each other arithmetic.
Result<std::vector<std::string>> OtherKernels() {
  RL_ASSIGN_OR_RETURN(const engine::KernelSet* own, engine::SelectKernels());
  std::vector<std::string> names;
  std::set<engine::Arithmetic> taken = {own->arithmetic};
  for (const engine::KernelSet* kernels : engine::AvailableKernels()) {
    if (kernels->vectors == own->vectors && taken.insert(kernels->arithmetic).second)
      names.emplace_back(kernels->name);
  }
  return names;
}

size_t BaselineOf(const lab::TuneSpace& space) {
  for (size_t engine = 0; engine < space.engines.size(); ++engine) {
    if (space.engines[engine].space.engine.starts_with(kBaselineEngine)) return engine;
  }
  return 0;
}

Result<int64_t> LongestRequest(const spec::WorkloadSpec& workload) {
  RL_ASSIGN_OR_RETURN(const auto plan, workload::MakePlan(workload, 1));
  const workload::PlanSummary summary = workload::Summarize(*plan);
  return summary.input.max + summary.output.max;
}

const platform::CatalogEntry* EntryOfConfig(const platform::Catalog& catalog,
                                            const std::string& config_name) {
  for (const platform::CatalogEntry& entry : catalog.entries()) {
    if (entry.config == config_name) return &entry;
  }
  return nullptr;
}

Result<lab::VirtualLabOptions> VirtualOptionsOf(const Arguments& arguments,
                                                const TuneSubject& subject,
                                                const lab::TuneOptions& options) {
  lab::VirtualLabOptions virtual_options{.workload = subject.workload, .goal = options.goal};
  RL_ASSIGN_OR_RETURN(virtual_options.truth.noise, arguments.GetDouble("noise", 0, 0.5));
  if (arguments.Has("truth-seed")) {
    RL_ASSIGN_OR_RETURN(const int64_t seed, arguments.GetInt("truth-seed", 1, int64_t{1} << 53));
    virtual_options.truth.truth_seed = static_cast<uint64_t>(seed);
  }
  for (const std::string& text : arguments.GetAll("plant")) {
    RL_ASSIGN_OR_RETURN(lab::PlantedFault planted, lab::PlantedFaultFromText(text));
    virtual_options.planted.push_back(std::move(planted));
  }
  return virtual_options;
}

// The planner's own ranking, from best to worst.
void AddProposals(const planner::SearchResult& search, TuneSubject& subject) {
  for (const planner::Outcome& outcome : search.workloads.front().ranking) {
    const size_t engine = outcome.candidate.space;
    lab::TuneChoice choice{.engine = engine, .values = outcome.candidate.choice};
    choice.values.resize(subject.space.engines[engine].space.axes.size(), 0);
    subject.proposals.push_back(std::move(choice));
  }
}

Status AddVirtualSpace(const Arguments& arguments, const lab::TuneOptions& options,
                       TuneSubject& subject) {
  RL_ASSIGN_OR_RETURN(const auto catalog, platform::Catalog::Parse(embedded::catalog_files()));
  const platform::CatalogEntry* entry = EntryOfConfig(catalog, subject.known_model.name);
  const lab::SpokenFormats formats =
      entry == nullptr ? lab::SpokenFormats()
                       : lab::SpokenFormats{entry->chat.tool_calls, entry->chat.reasoning};
  RL_ASSIGN_OR_RETURN(const int64_t longest, LongestRequest(subject.workload));
  ProgressLine progress;
  planner::SearchOptions search_options{
      .engines = EnginesOf(arguments),
      .goal = options.goal == lab::TuneGoal::kLatency ? planner::Goal::kLatency
                                                      : planner::Goal::kThroughput,
      .progress = [&](std::string_view phase, size_t done, size_t all) {
        progress.Show("planning", fmt::format(" {} {} of {}", phase, done, all));
      }};
  search_options.num_threads = static_cast<size_t>(AvailableCpus());
  RL_ASSIGN_OR_RETURN(planner::SearchResult search,
                      planner::Search({subject.known_model, subject.hardware_spec},
                                      {subject.workload}, search_options));
  for (planner::SearchedEngine& engine : search.engines) {
    RL_ASSIGN_OR_RETURN(lab::TuneEngine tuned, lab::MakeTuneEngine(engine.space, formats, longest));
    subject.space.engines.push_back(std::move(tuned));
  }
  AddProposals(search, subject);
  return OkStatus();
}

Status SetVirtual(const Arguments& arguments, const TuneFrame& frame, TuneSubject& subject) {
  subject.is_virtual = true;
  if (!arguments.Has("hardware")) {
    return InvalidArgument("--virtual needs --hardware; for example: --hardware h200x8",
                           "hardware");
  }
  RL_ASSIGN_OR_RETURN(subject.known_model, planner::FindModel(arguments.Get("MODEL")));
  RL_ASSIGN_OR_RETURN(subject.hardware_spec, planner::FindHardwareSpec(arguments.Get("hardware")));
  subject.hardware = planner::FullName(subject.hardware_spec);
  RL_ASSIGN_OR_RETURN(const lab::VirtualLabOptions options,
                      VirtualOptionsOf(arguments, subject, frame.options));
  subject.truth = {{"truth_seed", options.truth.truth_seed}, {"noise", options.truth.noise}};
  RL_RETURN_IF_ERROR(AddVirtualSpace(arguments, frame.options, subject));
  subject.lab =
      std::make_unique<lab::VirtualLab>(subject.known_model, subject.hardware_spec, options);
  return OkStatus();
}

// The engines that are here: native, and those that were installed for the CPU.
std::vector<std::string> InstalledEngines(const std::filesystem::path& cache_dir) {
  std::vector<std::string> engines;
  for (const char* name : {"vllm@0.13.0", "llama_cpp"}) {
    const std::string engine = name;
    const size_t at = engine.find('@');
    const auto backend = backends::FindBackend(engine.substr(0, at));
    if (!backend.ok()) continue;
    const std::string version =
        at == std::string::npos ? (*backend)->facts().versions.front() : engine.substr(at + 1);
    if (backends::FindInstallation(cache_dir, engine.substr(0, at), version).ok())
      engines.push_back(engine.substr(0, at) + "@" + version);
  }
  engines.emplace_back("native");
  return engines;
}

Result<std::string> WithVersion(const std::string& engine) {
  if (engine.find('@') != std::string::npos) return engine;
  RL_ASSIGN_OR_RETURN(const backends::Backend* backend, backends::FindBackend(engine));
  if (backend->facts().is_built_in) return engine;
  return engine + "@" + backend->facts().versions.front();
}

void AddAllCombinations(TuneSubject& subject) {
  for (size_t engine = 0; engine < subject.space.engines.size(); ++engine) {
    const planner::SearchSpace& space = subject.space.engines[engine].space;
    for (int64_t number = 0; number < space.NumCombinations(); ++number) {
      subject.proposals.push_back({engine, planner::CombinationAt(space, number)});
    }
  }
}

Result<EngineLabOptions> EngineLabOptionsOf(const Arguments& arguments, const TuneFrame& frame,
                                            const TuneSubject& subject) {
  RL_ASSIGN_OR_RETURN(CpuEngineResolver resolver, CpuEngineResolver::Make(arguments.Get("MODEL")));
  EngineLabOptions options{.resolver = std::move(resolver),
                           .workload = subject.workload,
                           .goal = frame.options.goal,
                           .folder = frame.folder,
                           .cache_dir = platform::DefaultCacheDir(),
                           .self = SelfExecutable().string(),
                           .stop = frame.options.stop,
                           .free_port = platform::FreeLoopbackPort};
  if (arguments.Has("cache-dir")) options.cache_dir = arguments.Get("cache-dir");
  RL_ASSIGN_OR_RETURN(const int64_t most_up, arguments.GetInt("engines-up", 1, 16));
  options.most_up = static_cast<size_t>(most_up);
  RL_ASSIGN_OR_RETURN(options.start_timeout_seconds,
                      arguments.GetDouble("start-timeout", 0.1, 86400));
  return options;
}

Status SetLocal(const Arguments& arguments, const TuneFrame& frame, TuneSubject& subject) {
  RL_RETURN_IF_ERROR(RefuseFlags(arguments, {"hardware", "truth-seed", "noise", "plant"},
                                 "without --virtual: this machine's engines are run"));
  RL_ASSIGN_OR_RETURN(EngineLabOptions options, EngineLabOptionsOf(arguments, frame, subject));
  const backends::HardwareFacts cpu = backends::CpuFactsOf(options.resolver.worker());
  subject.hardware = cpu.device_model;
  RL_ASSIGN_OR_RETURN(const int64_t longest, LongestRequest(subject.workload));
  std::vector<std::string> engines = EnginesOf(arguments);
  if (engines.empty()) engines = InstalledEngines(options.cache_dir);
  RL_ASSIGN_OR_RETURN(const std::vector<std::string> kernels, OtherKernels());
  for (const std::string& name : engines) {
    RL_ASSIGN_OR_RETURN(const std::string engine, WithVersion(name));
    RL_ASSIGN_OR_RETURN(
        planner::SearchSpace space,
        lab::CpuSpaceOf(
            engine, {.num_cpus = cpu.num_devices, .longest_request = longest, .kernels = kernels}));
    RL_ASSIGN_OR_RETURN(lab::TuneEngine tuned, lab::MakeTuneEngine(std::move(space), {}, longest));
    subject.space.engines.push_back(std::move(tuned));
  }
  AddAllCombinations(subject);
  subject.lab = std::make_unique<EngineLab>(std::move(options));
  return OkStatus();
}

}  // namespace

Result<std::unique_ptr<TuneSubject>> TuneSubjectOf(const Arguments& arguments,
                                                   const TuneFrame& frame) {
  auto subject = std::make_unique<TuneSubject>();
  subject->model = arguments.Get("MODEL");
  RL_ASSIGN_OR_RETURN(subject->workload, WorkloadOf(arguments));
  RL_RETURN_IF_ERROR(arguments.Has("virtual") ? SetVirtual(arguments, frame, *subject)
                                              : SetLocal(arguments, frame, *subject));
  subject->baseline_engine = BaselineOf(subject->space);
  return subject;
}

}  // namespace redline::app
