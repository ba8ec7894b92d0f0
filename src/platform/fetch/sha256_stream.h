// SHA-256 over bytes that arrive in pieces.
#pragma once

#include <filesystem>
#include <memory>
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

// Feeds the first `num_bytes` of a file into `stream`; kDataLoss when it is shorter.
Status HashFile(const std::filesystem::path& path, int64_t num_bytes, Sha256Stream& stream);

}  // namespace redline::platform
