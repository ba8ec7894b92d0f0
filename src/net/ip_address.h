#pragma once

#include <string>

namespace redline::net {

// Whether `host` is an IPv4 or IPv6 address, not a name. Without brackets: "::1".
bool IsIpAddress(const std::string& host);

}  // namespace redline::net
