#include "platform/agent/preparation.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "backends/install/installer.h"
#include "base/await_child.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/process.h"
#include "base/strings.h"
#include "platform/agent/local_model.h"
#include "platform/agent/preflight.h"

namespace redline::platform {
namespace {

namespace fs = std::filesystem;
using backends::ModelFormat;

constexpr char kModelPath[] = "model_path";

bool EndsWithGguf(const std::string& path) { return ToLower(path).ends_with(".gguf"); }

// The one GGUF file of the model, or nothing.
std::string GgufOf(const FetchRequest& request) {
  for (const spec::ModelFile& file : request.files) {
    if (EndsWithGguf(file.path)) return file.path;
  }
  return "";
}

fs::path FolderOf(const FetchRequest& request) {
  return request.cache_dir / "models" / request.model;
}

bool NeedsExport(const PreparationRequest& request) {
  return request.backend->facts().model_format == ModelFormat::kHuggingFace &&
         !GgufOf(request.fetch).empty();
}

fs::path ExportPath(const PreparationRequest& request) {
  return request.fetch.cache_dir / "exports" / (request.fetch.model + "-bfloat16");
}

// What the engine is given, once it is there.
fs::path ModelPathOf(const PreparationRequest& request) {
  if (NeedsExport(request)) return ExportPath(request);
  const fs::path folder = FolderOf(request.fetch);
  return request.backend->facts().model_format == ModelFormat::kGguf
             ? folder / GgufOf(request.fetch)
             : folder;
}

Result<std::vector<std::string>> InstalledProgram(const PreparationRequest& request) {
  const backends::EngineFacts& facts = request.backend->facts();
  if (facts.is_built_in) return std::vector<std::string>{request.self};
  RL_ASSIGN_OR_RETURN(
      const auto installation,
      backends::FindInstallation(request.fetch.cache_dir, facts.name, request.engine_version));
  return installation.program;
}

Status CheckFormat(const PreparationRequest& request) {
  if (request.backend->facts().model_format != ModelFormat::kGguf || !GgufOf(request.fetch).empty())
    return OkStatus();
  return FailedPrecondition(fmt::format("{} loads GGUF files, and {} has none",
                                        request.backend->facts().name, request.fetch.model));
}

std::string EngineName(const PreparationRequest& request) {
  return request.backend->facts().name + "@" + request.engine_version;
}

// What of the engine's installation matters on GPUs.
void GatherEngine(const PreparationRequest& request, PreflightFacts& facts) {
  const std::string& name = request.backend->facts().name;
  const auto recipe = backends::FindInstallRecipe(name, request.engine_version);
  if (recipe.ok()) facts.needed_cuda = (*recipe)->cuda;
  const auto installed =
      backends::FindInstallation(request.fetch.cache_dir, name, request.engine_version);
  if (installed.ok()) {
    facts.built_for = installed->device;
  } else if (recipe.ok()) {
    facts.built_for = (*recipe)->device;
  }
}

// Bytes of the model's files that neither lie there nor have begun to.
int64_t MissingBytes(const FetchRequest& fetch) {
  const fs::path folder = fetch.cache_dir / "models" / fetch.model;
  std::error_code error;
  const auto size_of = [&](const fs::path& path) {
    const auto size = fs::file_size(path, error);
    return error ? int64_t{0} : static_cast<int64_t>(size);
  };
  int64_t missing = 0;
  for (const spec::ModelFile& file : fetch.files) {
    if (size_of(folder / file.path) == file.num_bytes) continue;
    missing += std::max<int64_t>(0, file.num_bytes - size_of(folder / ".partial" / file.sha256));
  }
  return missing;
}

void GatherDisk(const PreparationRequest& request, PreflightFacts& facts) {
  facts.download_bytes = MissingBytes(request.fetch);
  fs::path place = request.fetch.cache_dir;
  std::error_code error;
  while (!fs::exists(place, error) && place.has_relative_path()) place = place.parent_path();
  const fs::space_info space = fs::space(place, error);
  if (!error) facts.disk_bytes = static_cast<int64_t>(space.available);
  facts.disk_path = place.string();
}

// Before anything is fetched: what no waiting mends.
Status PreflightBefore(const PreparationRequest& request) {
  PreflightFacts facts{.engine = EngineName(request), .gpus = request.gpus};
  if (request.model_path.empty()) GatherDisk(request, facts);
  if (!request.gpus.empty()) {
    GatherEngine(request, facts);
    facts.devices = backends::DeviceReader(request.device_options).Read();
  }
  return Preflight(facts);
}

PreflightFacts HostFacts(const PreparationRequest& request) {
  return {.engine = EngineName(request),
          .memory_bytes = request.memory_bytes,
          .available_memory_bytes = static_cast<int64_t>(AvailableMemoryBytes())};
}

// Right before the start. A driver needs a moment to take back what an engine had that has just
// ended.
Status PreflightAfter(const PreparationRequest& request, const std::stop_token& stop) {
  constexpr double kPatienceSeconds = 10;
  PreflightFacts facts = HostFacts(request);
  if (request.gpus.empty()) return Preflight(facts);
  facts.gpus = request.gpus;
  facts.gpu_bytes = request.gpu_bytes;
  backends::DeviceReader reader(request.device_options);
  const MonotonicTime begin = MonotonicNow();
  while (true) {
    facts.devices = reader.Read();
    Status status = Preflight(facts);
    if (status.ok() || stop.stop_requested() || SecondsSince(begin) >= kPatienceSeconds)
      return status;
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
  }
}

Status InstallEngineFor(const PreparationRequest& request, const ProgressSink& progress,
                        const std::stop_token& stop) {
  if (InstalledProgram(request).ok()) return OkStatus();
  const std::string& name = request.backend->facts().name;
  RL_ASSIGN_OR_RETURN(const backends::InstallRecipe* recipe,
                      backends::FindInstallRecipe(name, request.engine_version));
  const auto tell = [&](const spec::Progress& step) {
    spec::Progress shown = step;
    shown.phase = fmt::format("{}: {}", recipe->NameAtVersion(), step.phase);
    progress(shown);
  };
  return backends::InstallEngine(*recipe, {.cache_dir = request.fetch.cache_dir}, tell, stop)
      .status();
}

// `redline export` is a program of its own: reading weights is the engine's business.
Status ExportModelFor(const PreparationRequest& request, const ProgressSink& progress,
                      const std::stop_token& stop) {
  spec::Progress converting;
  converting.phase = "converting to safetensors";
  progress(converting);
  const fs::path target = ExportPath(request);
  RL_RETURN_IF_ERROR(MakeDirectories(target.parent_path()));
  const fs::path log = target.string() + ".log";
  std::error_code error;
  fs::remove(log, error);
  SpawnOptions options{.argv = {request.self, "export", "--model-path",
                                (FolderOf(request.fetch) / GgufOf(request.fetch)).string(), "--to",
                                target.string(), "--dtype", "bfloat16"}};
  options.stdout_path = options.stderr_path = log;
  options.new_session = options.die_with_parent = true;
  RL_ASSIGN_OR_RETURN(const pid_t pid, Spawn(options));
  RL_ASSIGN_OR_RETURN(const int wait_status, AwaitChild(pid, "redline export", stop, [] {}));
  if (wait_status == 0) return OkStatus();
  const auto text = ReadTail(log, 4096);
  return FailedPrecondition(
      fmt::format("the model could not be converted for {}: {}", request.backend->facts().name,
                  EscapeControl(Trim(text.ok() ? *text : DescribeWaitStatus(wait_status)))));
}

// A path that somebody gave and that names no model of this engine: nothing mends it but a person.
Result<fs::path> LocalModelOf(const PreparationRequest& request) {
  auto found = FindLocalModel(request.model_path, request.backend->facts());
  if (found.ok()) return found;
  return InvalidArgument("PREFLIGHT: " + found.status().message(), kModelPath);
}

// `fetched` is told of the download, `progress` of the rest.
Result<Prepared> Prepare(const PreparationRequest& request, const ProgressSink& fetched,
                         const ProgressSink& progress, const std::stop_token& stop) {
  Prepared prepared;
  RL_RETURN_IF_ERROR(PreflightBefore(request));
  if (!request.model_path.empty()) {
    RL_ASSIGN_OR_RETURN(prepared.model_path, LocalModelOf(request));
    RL_RETURN_IF_ERROR(InstallEngineFor(request, progress, stop));
  } else {
    RL_RETURN_IF_ERROR(CheckFormat(request));
    RL_RETURN_IF_ERROR(InstallEngineFor(request, progress, stop));
    RL_RETURN_IF_ERROR(
        FetchModel(request.fetch, request.fetch_environment, fetched, stop).status());
    if (NeedsExport(request)) RL_RETURN_IF_ERROR(ExportModelFor(request, progress, stop));
    prepared.model_path = ModelPathOf(request);
  }
  RL_RETURN_IF_ERROR(PreflightAfter(request, stop));
  RL_ASSIGN_OR_RETURN(prepared.program, InstalledProgram(request));
  return prepared;
}

}  // namespace

bool IsFinal(const Status& status) {
  return status.code() == Code::kInvalidArgument && status.param() == kModelPath;
}

std::optional<Prepared> AlreadyPrepared(const PreparationRequest& request) {
  // GPUs and other people's file systems are asked on a thread of their own.
  if (!request.gpus.empty() || !request.model_path.empty() || !Preflight(HostFacts(request)).ok())
    return std::nullopt;
  if (!CheckFormat(request).ok() ||
      !IsModelCached(request.fetch.model, request.fetch.files, request.fetch.cache_dir))
    return std::nullopt;
  // An export is asked for each time: it knows whether it is of these files.
  if (NeedsExport(request)) return std::nullopt;
  auto program = InstalledProgram(request);
  if (!program.ok()) return std::nullopt;
  return Prepared{*std::move(program), ModelPathOf(request)};
}

Preparation::Preparation(PreparationRequest request) {
  thread_ = std::jthread([this, request = std::move(request)](const std::stop_token& stop) {
    const auto note = [this](const spec::Progress& progress, bool is_downloading) {
      const std::lock_guard lock(mutex_);
      progress_ = progress;
      is_downloading_ = is_downloading;
    };
    auto result = Prepare(
        request, [&](const spec::Progress& progress) { note(progress, true); },
        [&](const spec::Progress& progress) { note(progress, false); }, stop);
    const std::lock_guard lock(mutex_);
    result_ = std::move(result);
  });
}

FetchState Preparation::state() const {
  const std::lock_guard lock(mutex_);
  if (!result_) return FetchState::kRunning;
  return result_->ok() ? FetchState::kDone : FetchState::kFailed;
}

bool Preparation::is_downloading() const {
  const std::lock_guard lock(mutex_);
  return is_downloading_;
}

spec::Progress Preparation::progress() const {
  const std::lock_guard lock(mutex_);
  return progress_;
}

Result<Prepared> Preparation::result() const {
  const std::lock_guard lock(mutex_);
  return result_ ? *result_ : Result<Prepared>(Unavailable("still being prepared"));
}

}  // namespace redline::platform
