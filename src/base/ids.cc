#include "base/ids.h"

#include <sys/random.h>

#include <array>
#include <cstdlib>

namespace redline {

std::string RandomToken(size_t num_characters) {
  constexpr std::string_view kAlphabet = "0123456789abcdefghijklmnopqrstuvwxyz";
  // Bytes at or above the largest multiple of 36 are dropped, so that every character is as likely.
  constexpr unsigned char kLimit = 252;
  std::string token;
  std::array<unsigned char, 64> bytes;
  while (token.size() < num_characters) {
    if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) abort();
    for (const unsigned char byte : bytes) {
      if (byte < kLimit && token.size() < num_characters) token += kAlphabet[byte % 36];
    }
  }
  return token;
}

std::string NewId(std::string_view prefix) { return std::string(prefix) + "-" + RandomToken(12); }

}  // namespace redline
