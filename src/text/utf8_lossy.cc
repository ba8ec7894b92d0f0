#include "text/utf8_lossy.h"

#include <cstdint>
#include <utility>

namespace redline::text {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

struct Sequence {
  size_t length = 1;     // bytes seen that belong together
  bool valid = false;    // a whole character
  bool partial = false;  // ends early, and nothing in it is wrong so far
};

// Length by the first byte, 0 for a byte that starts nothing; and the range of the second byte,
// which is what rules out overlong forms, surrogates and values above U+10FFFF.
struct Lead {
  size_t length;
  uint8_t second_low;
  uint8_t second_high;
};

Lead LeadOf(uint8_t byte) {
  if (byte < 0x80) return {1, 0, 0};
  if (byte >= 0xC2 && byte <= 0xDF) return {2, 0x80, 0xBF};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};
  if (byte == 0xED) return {3, 0x80, 0x9F};
  if (byte >= 0xE1 && byte <= 0xEF) return {3, 0x80, 0xBF};
  if (byte == 0xF0) return {4, 0x90, 0xBF};
  if (byte >= 0xF1 && byte <= 0xF3) return {4, 0x80, 0xBF};
  if (byte == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

Sequence FirstSequence(std::string_view text) {
  const Lead lead = LeadOf(static_cast<uint8_t>(text[0]));
  if (lead.length == 0) return {};
  for (size_t i = 1; i < lead.length; ++i) {
    if (i == text.size()) return {.length = i, .partial = true};
    const auto byte = static_cast<uint8_t>(text[i]);
    const uint8_t low = i == 1 ? lead.second_low : 0x80;
    const uint8_t high = i == 1 ? lead.second_high : 0xBF;
    if (byte < low || byte > high) return {.length = i};
  }
  return {.length = lead.length, .valid = true};
}

}  // namespace

std::string PushUtf8(std::string* pending, std::string_view bytes) {
  pending->append(bytes);
  const std::string_view all = *pending;
  std::string out;
  out.reserve(all.size());
  size_t position = 0;
  while (position < all.size()) {
    const Sequence sequence = FirstSequence(all.substr(position));
    if (sequence.partial) break;
    out += sequence.valid ? all.substr(position, sequence.length) : kReplacement;
    position += sequence.length;
  }
  pending->erase(0, position);
  return out;
}

std::string FinishUtf8(std::string* pending) {
  // A partial sequence is one broken part, however many bytes it has.
  return std::exchange(*pending, {}).empty() ? std::string() : std::string(kReplacement);
}

}  // namespace redline::text
