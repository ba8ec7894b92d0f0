// Where requests go: a URL, resolved once.
#pragma once

#include <sys/socket.h>

#include <string>
#include <string_view>

#include "base/status.h"

namespace redline::lab {

struct TargetAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  std::string host;       // for the Host header
  std::string base_path;  // before "/v1/..."; "" mostly

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

// kUnimplemented: https. kUnavailable: the name has no address.
Result<TargetAddress> ResolveTarget(std::string_view url);

}  // namespace redline::lab
