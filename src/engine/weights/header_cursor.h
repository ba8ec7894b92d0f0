// Reads a file's header front to back by pread, in growing chunks, with every step checked.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>

#include "base/status.h"
#include "engine/weights/mapped_file.h"

namespace redline::engine {

class HeaderCursor {
 public:
  // Refuses (kTooLarge) to read past the first `max_bytes` of the file.
  HeaderCursor(const MappedFile& file, uint64_t max_bytes) : file_(file), max_bytes_(max_bytes) {}

  uint64_t position() const { return position_; }
  // Bytes of the file after the position: the bound for any count or length read from it.
  uint64_t remaining() const { return file_.size() - position_; }
  // The bytes read so far; moves when more are read.
  const std::string& bytes() const { return bytes_; }
  std::string TakeBytes() && { return std::move(bytes_); }

  // Makes the next `count` bytes available at bytes()[position()] and steps over them. `what` names
  // them in the error.
  Status Advance(uint64_t count, const char* what);

  template <typename T>
  Status Read(T* value, const char* what) {
    static_assert(std::is_trivially_copyable_v<T>);
    RL_RETURN_IF_ERROR(Advance(sizeof(T), what));
    std::memcpy(value, bytes_.data() + position_ - sizeof(T), sizeof(T));
    return OkStatus();
  }

 private:
  const MappedFile& file_;
  uint64_t max_bytes_;
  uint64_t position_ = 0;
  std::string bytes_;
};

}  // namespace redline::engine
