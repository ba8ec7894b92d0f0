// Revisions of documents that are computed from the state: they rise when the document's content
// changes, not with every write to the store, so that watchers wake up for what concerns them.
// Owner: the control thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace redline::platform {

class ViewRevisions {
 public:
  // The revision of `view`, whose content is now `content`.
  int64_t Of(const std::string& view, const std::string& content, int64_t store_revision);

 private:
  struct Seen {
    std::string digest;
    int64_t revision = 0;
  };
  std::map<std::string, Seen> seen_;
};

}  // namespace redline::platform
