#include "platform/fetch/sha256_stream.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

#include "base/files.h"

namespace redline::platform {

struct Sha256Stream::Context {
  EVP_MD_CTX* evp = EVP_MD_CTX_new();
  ~Context() { EVP_MD_CTX_free(evp); }
};

Sha256Stream::Sha256Stream() : context_(std::make_unique<Context>()) {
  EVP_DigestInit_ex(context_->evp, EVP_sha256(), nullptr);
}
Sha256Stream::~Sha256Stream() = default;
Sha256Stream::Sha256Stream(Sha256Stream&&) noexcept = default;
Sha256Stream& Sha256Stream::operator=(Sha256Stream&&) noexcept = default;

void Sha256Stream::Update(std::string_view bytes) {
  EVP_DigestUpdate(context_->evp, bytes.data(), bytes.size());
}

std::string Sha256Stream::Finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  EVP_DigestFinal_ex(context_->evp, digest.data(), &length);
  std::string hex;
  for (unsigned index = 0; index < length; ++index) hex += fmt::format("{:02x}", digest[index]);
  return hex;
}

Status HashFile(const std::filesystem::path& path, int64_t num_bytes, const std::stop_token& stop,
                Sha256Stream& stream) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return ErrnoStatus("cannot open " + path.string(), errno);
  std::vector<char> buffer(1 << 20);
  while (num_bytes > 0) {
    if (stop.stop_requested()) return Status(Code::kCancelled, "cancelled");
    const auto wanted = static_cast<size_t>(std::min<int64_t>(num_bytes, 1 << 20));
    const ssize_t count = ::read(fd.get(), buffer.data(), wanted);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ErrnoStatus("cannot read " + path.string(), errno);
    if (count == 0) return DataLoss(path.string() + " is shorter than it should be");
    stream.Update({buffer.data(), static_cast<size_t>(count)});
    num_bytes -= count;
  }
  return OkStatus();
}

}  // namespace redline::platform
