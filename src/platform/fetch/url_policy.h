// Where a download may be led. A hub answers with redirects to its storage; anything else that a
// redirect could reach (files, this machine, the local network, a cloud's metadata service) is
// refused. Pure functions, except that a host name is looked up.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace redline::platform {

// A Location header, made absolute against the URL that answered with it.
Result<std::string> ResolveLocation(const std::string& url, std::string_view location);

// Scheme, host and port are equal: only then may a token be sent.
bool SameOrigin(const std::string& left, const std::string& right);

// kPermissionDenied unless a download that began at `endpoint` may go on at `url`: the same host,
// or https to a public address (to a private one when the endpoint itself is private).
Status CheckRedirect(const std::string& endpoint, const std::string& url);

// "a b/c" -> "a%20b/c"; with `keep_slashes` false also "/" -> "%2F".
std::string PercentEncode(std::string_view text, bool keep_slashes);

}  // namespace redline::platform
