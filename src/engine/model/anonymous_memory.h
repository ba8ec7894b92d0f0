// One large zeroed allocation: weights and activations of a model, or a KV pool.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "base/status.h"

namespace redline::engine {

// Owns an anonymous mapping (huge pages where the system gives them). Pages cost nothing until they
// are touched. Not thread-safe; the bytes are whoever's they were given to.
class AnonymousMemory {
 public:
  AnonymousMemory() = default;
  // kResourceExhausted, with need and have, when `num_bytes` (>= 0) are not available now.
  // `purpose` starts the message: "the KV cache (64 pages of 16 tokens)".
  static Result<AnonymousMemory> Allocate(int64_t num_bytes, std::string_view purpose);
  // The same error, and nothing taken: for what is allocated in several pieces.
  static Status CheckAvailable(int64_t num_bytes, std::string_view purpose);

  AnonymousMemory(AnonymousMemory&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        num_bytes_(std::exchange(other.num_bytes_, 0)) {}
  AnonymousMemory& operator=(AnonymousMemory&& other) noexcept;
  AnonymousMemory(const AnonymousMemory&) = delete;
  AnonymousMemory& operator=(const AnonymousMemory&) = delete;
  ~AnonymousMemory() { Release(); }

  std::byte* data() const { return data_; }
  int64_t num_bytes() const { return num_bytes_; }

 private:
  void Release();

  std::byte* data_ = nullptr;
  int64_t num_bytes_ = 0;
};

}  // namespace redline::engine
