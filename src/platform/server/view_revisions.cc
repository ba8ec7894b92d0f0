#include "platform/server/view_revisions.h"

#include <algorithm>

#include "base/strings.h"

namespace redline::platform {

int64_t ViewRevisions::Of(const std::string& view, const std::string& content,
                          int64_t store_revision) {
  Seen& seen = seen_[view];
  std::string digest = Sha256Hex(content);
  if (seen.digest == digest) return seen.revision;
  seen.revision = std::max(store_revision, seen.revision + 1);
  seen.digest = std::move(digest);
  return seen.revision;
}

}  // namespace redline::platform
