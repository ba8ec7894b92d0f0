// UTF-8 from bytes that arrive in pieces: what is certain comes out, what is broken becomes U+FFFD.
#pragma once

#include <string>
#include <string_view>

namespace redline::text {

// Appends `bytes` to what `*pending` holds and returns all text that later bytes cannot change. At
// most three bytes of an incomplete sequence stay in `*pending`. Each maximal broken part becomes
// one U+FFFD, as in Python and Rust. Linear in the length of `bytes`.
std::string PushUtf8(std::string* pending, std::string_view bytes);
// Ends the text: an incomplete sequence in `*pending` becomes U+FFFD.
std::string FinishUtf8(std::string* pending);

}  // namespace redline::text
