#include "platform/server/auth.h"

#include <algorithm>

#include "base/strings.h"

namespace redline::platform {
namespace {

constexpr std::string_view kScheme = "bearer ";
constexpr size_t kLongestKey = 512;

// The key of "Bearer KEY"; empty: there is none.
std::string_view BearerKey(const net::HttpRequest& request) {
  const std::string_view header = net::FindHeader(request.headers, "Authorization");
  if (header.size() <= kScheme.size() || header.size() > kLongestKey) return {};
  if (ToLower(header.substr(0, kScheme.size())) != kScheme) return {};
  return Trim(header.substr(kScheme.size()));
}

}  // namespace

Status Authenticator::Check(const net::HttpRequest& request, std::string_view scope) const {
  const std::string_view key = BearerKey(request);
  if (key.empty())
    return Status(
        Code::kUnauthenticated,
        "an API key is needed: send \"Authorization: Bearer KEY\"; the key is in the data "
        "directory's admin.key");
  const std::string digest = Sha256Hex(key);
  const StoredKey* found = nullptr;
  // All keys are compared, so that the time says nothing about which one was near.
  for (const StoredKey& candidate : keys_) {
    if (ConstantTimeEqual(candidate.sha256, digest)) found = &candidate;
  }
  if (found == nullptr) return Status(Code::kUnauthenticated, "this API key is not known");
  if (std::find(found->scopes.begin(), found->scopes.end(), scope) == found->scopes.end())
    return Status(Code::kPermissionDenied,
                  "this API key may not manage deployments: it lacks the scope \"" +
                      std::string(scope) + "\"");
  return OkStatus();
}

}  // namespace redline::platform
