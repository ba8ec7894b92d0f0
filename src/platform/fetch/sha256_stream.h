// SHA-256 over bytes that arrive in pieces.
#pragma once

#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/status.h"

namespace redline::platform {

class Sha256Stream {
 public:
  Sha256Stream();
  ~Sha256Stream();
  Sha256Stream(Sha256Stream&&) noexcept;
  Sha256Stream& operator=(Sha256Stream&&) noexcept;

  void Update(std::string_view bytes);
  // Lower-case hex; the stream is used up.
  std::string Finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

// Feeds the first `num_bytes` of a file into `stream`. kDataLoss: it is shorter. kCancelled.
Status HashFile(const std::filesystem::path& path, int64_t num_bytes, const std::stop_token& stop,
                Sha256Stream& stream);

}  // namespace redline::platform
