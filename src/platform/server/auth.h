// Who may call the management API. Immutable, so any thread may ask.
#pragma once

#include <vector>

#include "net/http.h"
#include "platform/store/store.h"

namespace redline::platform {

class Authenticator {
 public:
  explicit Authenticator(std::vector<StoredKey> keys) : keys_(std::move(keys)) {}

  // Ok for a request with `Authorization: Bearer KEY` whose key has the scope. Nothing else is an
  // identity: no other header, no cookie, no address.
  Status Check(const net::HttpRequest& request, std::string_view scope) const;

 private:
  std::vector<StoredKey> keys_;
};

}  // namespace redline::platform
