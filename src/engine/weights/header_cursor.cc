#include "engine/weights/header_cursor.h"

#include <algorithm>

#include "base/strings.h"

namespace redline::engine {
namespace {

constexpr uint64_t kChunkBytes = 256 << 10;

}  // namespace

Status HeaderCursor::Advance(uint64_t count, const char* what) {
  if (count > remaining())
    return DataLoss(std::string("the file ends inside its ") + what + " (" + std::to_string(count) +
                    " bytes at offset " + std::to_string(position_) + " of " +
                    std::to_string(file_.size()) + "); it was cut short or damaged");
  if (position_ + count > max_bytes_)
    return Status(Code::kTooLarge, "the header is larger than " + FormatBytes(max_bytes_));
  if (position_ + count > bytes_.size()) {
    const uint64_t old_size = bytes_.size();
    const uint64_t wanted = std::max(position_ + count, old_size + kChunkBytes);
    bytes_.resize(std::min(wanted, file_.size()));
    RL_RETURN_IF_ERROR(file_.ReadAt(old_size, std::span(bytes_).subspan(old_size)));
  }
  position_ += count;
  return OkStatus();
}

}  // namespace redline::engine
