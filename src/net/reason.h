// Reason phrases of HTTP status codes.
#pragma once

#include <string_view>

namespace redline::net {

std::string_view ReasonPhrase(int status);

}  // namespace redline::net
