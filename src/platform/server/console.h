// The web console's files, from memory.
#pragma once

#include <map>
#include <span>
#include <string>

#include "base/embedded.h"
#include "net/http.h"

namespace redline::platform {

// Immutable after construction, so any thread may ask. The files outlive it.
class Console {
 public:
  explicit Console(std::span<const EmbeddedFile> files);

  // A file; the console's page for every other path, because its pages are routes of its own; 404
  // for what looks like an API or a missing asset.
  net::HttpResponse Answer(const net::HttpRequest& request) const;

 private:
  struct File {
    std::string_view data;
    std::string etag;
  };
  std::map<std::string, File, std::less<>> files_;  // by path
};

}  // namespace redline::platform
