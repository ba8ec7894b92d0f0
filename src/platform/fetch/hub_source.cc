#include <fmt/format.h>

#include <algorithm>

#include "net/http_client.h"
#include "platform/fetch/http_download.h"
#include "platform/fetch/sources.h"
#include "platform/fetch/url_policy.h"

namespace redline::platform {
namespace {

bool IsRepoName(std::string_view repo) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/";
  return std::count(repo.begin(), repo.end(), '/') == 1 && !repo.starts_with('/') &&
         !repo.ends_with('/') && repo.find_first_not_of(kAllowed) == std::string_view::npos &&
         repo.find("..") == std::string_view::npos;
}

int64_t BytesToLoad(const FetchJob& job) {
  int64_t sum = 0;
  for (const spec::ModelFile& file : job.files) {
    std::error_code error;
    const auto present = std::filesystem::file_size(job.cache.PartialPathOf(file), error);
    sum += file.num_bytes - (error ? 0 : static_cast<int64_t>(present));
  }
  return std::max<int64_t>(sum, 0);
}

// `url_of` names a file's address.
template <typename UrlOf>
Status FetchFromHub(const FetchJob& job, const std::string& endpoint, const std::string& token,
                    UrlOf url_of) {
  if (!IsRepoName(job.source.repo))
    return InvalidArgument("\"" + job.source.repo + "\" is no OWNER/NAME");
  RL_RETURN_IF_ERROR(CheckDiskSpace(job.cache.dir(), BytesToLoad(job), "the model's files"));
  net::HttpClient client;
  for (const spec::ModelFile& file : job.files) {
    const DownloadSource source{.url = url_of(job.MemberOf(file)),
                                .endpoint = endpoint,
                                .bearer_token = token,
                                .retry_delay_seconds = job.environment.retry_delay_seconds};
    RL_RETURN_IF_ERROR(
        DownloadFile(client, source, file, job.cache.PartialPathOf(file), job.meter, job.stop)
            .WithContext(file.path));
    RL_RETURN_IF_ERROR(job.cache.Publish(file));
    job.meter.CompleteFile(file.num_bytes);
  }
  return OkStatus();
}

std::string WithoutSlash(std::string endpoint) {
  while (endpoint.ends_with('/')) endpoint.pop_back();
  return endpoint;
}

}  // namespace

const std::string& FetchJob::MemberOf(const spec::ModelFile& file) const {
  const auto member = source.members.find(file.path);
  return member == source.members.end() ? file.path : member->second;
}

Status FetchFromHuggingFace(const FetchJob& job) {
  const std::string endpoint = WithoutSlash(job.environment.huggingface_endpoint);
  return FetchFromHub(
      job, endpoint, job.environment.huggingface_token, [&](const std::string& member) {
        return fmt::format("{}/{}/resolve/{}/{}", endpoint, job.source.repo,
                           PercentEncode(job.source.revision, false), PercentEncode(member, true));
      });
}

Status FetchFromModelScope(const FetchJob& job) {
  const std::string endpoint = WithoutSlash(job.environment.modelscope_endpoint);
  return FetchFromHub(job, endpoint, "", [&](const std::string& member) {
    return fmt::format("{}/api/v1/models/{}/repo?Revision={}&FilePath={}", endpoint,
                       job.source.repo, PercentEncode(job.source.revision, false),
                       PercentEncode(member, false));
  });
}

}  // namespace redline::platform
