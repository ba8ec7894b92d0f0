// One file over HTTP: resumed where it broke off, checked while it streams, retried with back-off.
#pragma once

#include <filesystem>
#include <stop_token>
#include <string>

#include "base/status.h"
#include "net/http_client.h"
#include "platform/fetch/progress_meter.h"
#include "spec/model_spec.h"

namespace redline::platform {

struct DownloadSource {
  std::string url;
  std::string endpoint;      // where `url` belongs: limits what redirects may reach
  std::string bearer_token;  // sent to the endpoint's origin only; empty: none
  double retry_delay_seconds = 1;
};

// Leaves the verified, synced file at `partial_path`. After a failure what was received stays there
// for the next attempt, unless it was wrong.
Status DownloadFile(net::HttpClient& client, const DownloadSource& source,
                    const spec::ModelFile& file, const std::filesystem::path& partial_path,
                    ProgressMeter& meter, const std::stop_token& stop);

}  // namespace redline::platform
