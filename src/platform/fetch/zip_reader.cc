#include "platform/fetch/zip_reader.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <vector>

#include "base/files.h"

namespace redline::platform {
namespace {

// PKWARE's APPNOTE.TXT 6.3.9, sections 4.3.7, 4.3.12 and 4.3.16.
constexpr uint32_t kLocalSignature = 0x04034b50;
constexpr uint32_t kCentralSignature = 0x02014b50;
constexpr uint32_t kEndSignature = 0x06054b50;
constexpr size_t kLocalHeaderBytes = 30;
constexpr size_t kCentralHeaderBytes = 46;
constexpr size_t kEndRecordBytes = 22;
constexpr size_t kMaxCommentBytes = 0xffff;
constexpr size_t kMaxDirectoryBytes = 16 << 20;
constexpr uint16_t kStored = 0;
constexpr uint16_t kDeflated = 8;
constexpr size_t kChunkBytes = 256 << 10;

uint32_t Little(std::string_view bytes, size_t at, size_t width) {
  uint32_t value = 0;
  for (size_t index = 0; index < width; ++index)
    value |= static_cast<uint32_t>(static_cast<unsigned char>(bytes[at + index])) << (8 * index);
  return value;
}
uint32_t U32(std::string_view bytes, size_t at) { return Little(bytes, at, 4); }
uint16_t U16(std::string_view bytes, size_t at) {
  return static_cast<uint16_t>(Little(bytes, at, 2));
}

class Archive {
 public:
  static Result<Archive> Open(const std::filesystem::path& path);
  // Exactly these bytes; kDataLoss when the file has them not.
  Result<std::string> Read(uint64_t offset, size_t num_bytes) const;
  uint64_t num_bytes() const { return num_bytes_; }

 private:
  Archive(UniqueFd fd, uint64_t num_bytes) : fd_(std::move(fd)), num_bytes_(num_bytes) {}
  UniqueFd fd_;
  uint64_t num_bytes_;
};

Result<Archive> Archive::Open(const std::filesystem::path& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return ErrnoStatus("cannot open " + path.string(), errno);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return ErrnoStatus("cannot stat " + path.string(), errno);
  return Archive(std::move(fd), static_cast<uint64_t>(info.st_size));
}

Result<std::string> Archive::Read(uint64_t offset, size_t num_bytes) const {
  if (offset > num_bytes_ || num_bytes > num_bytes_ - offset)
    return DataLoss("the archive is damaged: it points behind its own end");
  std::string bytes(num_bytes, '\0');
  size_t done = 0;
  while (done < num_bytes) {
    const ssize_t count = ::pread(fd_.get(), bytes.data() + done, num_bytes - done,
                                  static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ErrnoStatus("cannot read the archive", errno);
    if (count == 0) return DataLoss("the archive became shorter while it was read");
    done += static_cast<size_t>(count);
  }
  return bytes;
}

// The central directory's bytes.
Result<std::string> ReadDirectory(const Archive& archive) {
  const auto tail_bytes = static_cast<size_t>(
      std::min<uint64_t>(archive.num_bytes(), kEndRecordBytes + kMaxCommentBytes));
  RL_ASSIGN_OR_RETURN(const std::string tail,
                      archive.Read(archive.num_bytes() - tail_bytes, tail_bytes));
  for (size_t at = tail.size() >= kEndRecordBytes ? tail.size() - kEndRecordBytes + 1 : 0;
       at-- > 0;) {
    if (U32(tail, at) != kEndSignature) continue;
    const uint32_t directory_bytes = U32(tail, at + 12);
    const uint32_t directory_offset = U32(tail, at + 16);
    if (directory_offset == 0xffffffff || U16(tail, at + 10) == 0xffff)
      return Unimplemented("zip64 archives are not supported");
    if (directory_bytes > kMaxDirectoryBytes)
      return DataLoss("the archive is damaged: its directory is too large");
    return archive.Read(directory_offset, directory_bytes);
  }
  return DataLoss("not a zip archive");
}

struct Member {
  uint16_t method = 0;
  uint32_t packed_bytes = 0;
  uint32_t num_bytes = 0;
  uint32_t header_offset = 0;
};

Result<Member> ParseMember(std::string_view entry, const std::string& name) {
  constexpr uint16_t kEncrypted = 1;
  const uint32_t file_type = (U32(entry, 38) >> 16) & S_IFMT;
  if (file_type != 0 && file_type != S_IFREG)
    return InvalidArgument(name + " is not a regular file in the archive");
  if ((U16(entry, 8) & kEncrypted) != 0) return Unimplemented(name + " is encrypted");
  const Member member{.method = U16(entry, 10),
                      .packed_bytes = U32(entry, 20),
                      .num_bytes = U32(entry, 24),
                      .header_offset = U32(entry, 42)};
  if (member.method != kStored && member.method != kDeflated)
    return Unimplemented(fmt::format("{} is packed with method {}", name, member.method));
  if (member.packed_bytes == 0xffffffff || member.num_bytes == 0xffffffff)
    return Unimplemented("zip64 archives are not supported");
  if (member.method == kStored && member.packed_bytes != member.num_bytes)
    return DataLoss(name + " is stored with two different sizes");
  return member;
}

Result<Member> FindMember(std::string_view directory, const std::string& name) {
  size_t at = 0;
  while (at + kCentralHeaderBytes <= directory.size()) {
    const std::string_view entry = directory.substr(at);
    if (U32(entry, 0) != kCentralSignature) break;
    const size_t name_bytes = U16(entry, 28);
    const size_t entry_bytes = kCentralHeaderBytes + name_bytes + U16(entry, 30) + U16(entry, 32);
    if (entry_bytes > entry.size()) break;
    if (entry.substr(kCentralHeaderBytes, name_bytes) == name) return ParseMember(entry, name);
    at += entry_bytes;
  }
  if (at != directory.size()) return DataLoss("the archive's directory is damaged");
  return NotFound("the archive has no member " + name);
}

Result<uint64_t> DataOffset(const Archive& archive, const Member& member) {
  RL_ASSIGN_OR_RETURN(const std::string header,
                      archive.Read(member.header_offset, kLocalHeaderBytes));
  if (U32(header, 0) != kLocalSignature) return DataLoss("the archive's member header is damaged");
  return uint64_t{member.header_offset} + kLocalHeaderBytes + U16(header, 26) + U16(header, 28);
}

// Passes on the packed bytes chunk by chunk.
Status ReadPacked(const Archive& archive, const Member& member, const ByteSink& sink) {
  RL_ASSIGN_OR_RETURN(uint64_t offset, DataOffset(archive, member));
  uint64_t left = member.packed_bytes;
  while (left > 0) {
    const auto wanted = static_cast<size_t>(std::min<uint64_t>(left, kChunkBytes));
    RL_ASSIGN_OR_RETURN(const std::string chunk, archive.Read(offset, wanted));
    RL_RETURN_IF_ERROR(sink(chunk));
    offset += wanted;
    left -= wanted;
  }
  return OkStatus();
}

// zlib's stream, fed in pieces. Never passes on more than the member's declared size.
class Inflater {
 public:
  Inflater(const std::string& name, uint64_t num_bytes, const ByteSink& sink)
      : name_(name), left_(num_bytes), sink_(sink), output_(kChunkBytes) {
    ready_ = ::inflateInit2(&stream_, -MAX_WBITS) == Z_OK;  // raw deflate data
  }
  ~Inflater() { ::inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  Status Feed(std::string_view packed);
  Status Finish() const {
    return ended_ && left_ == 0 ? OkStatus() : DataLoss(name_ + " is cut short in the archive");
  }

 private:
  Status PassOn(size_t num_bytes);

  const std::string& name_;
  uint64_t left_;
  const ByteSink& sink_;
  std::vector<char> output_;
  z_stream stream_{};
  bool ready_ = false;
  bool ended_ = false;
};

Status Inflater::Feed(std::string_view packed) {
  if (!ready_) return ResourceExhausted("no memory to inflate " + name_);
  stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream_.avail_in = static_cast<uInt>(packed.size());
  if (ended_) return DataLoss(name_ + " has data behind its end in the archive");
  do {
    stream_.next_out = reinterpret_cast<Bytef*>(output_.data());
    stream_.avail_out = static_cast<uInt>(output_.size());
    const int code = ::inflate(&stream_, Z_NO_FLUSH);
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
      return DataLoss(name_ + " is damaged in the archive");
    ended_ = code == Z_STREAM_END;
    RL_RETURN_IF_ERROR(PassOn(output_.size() - stream_.avail_out));
  } while (!ended_ && (stream_.avail_in > 0 || stream_.avail_out == 0));
  return stream_.avail_in == 0 ? OkStatus() : DataLoss(name_ + " has data behind its end");
}

Status Inflater::PassOn(size_t num_bytes) {
  if (num_bytes > left_) return DataLoss(name_ + " inflates to more than the archive says");
  left_ -= num_bytes;
  return num_bytes == 0 ? OkStatus() : sink_({output_.data(), num_bytes});
}

}  // namespace

Status ExtractZipMember(const std::filesystem::path& archive_path, const std::string& name,
                        int64_t expected_bytes, const ByteSink& sink) {
  RL_ASSIGN_OR_RETURN(const Archive archive, Archive::Open(archive_path));
  RL_ASSIGN_OR_RETURN(const std::string directory, ReadDirectory(archive));
  RL_ASSIGN_OR_RETURN(const Member member, FindMember(directory, name));
  if (int64_t{member.num_bytes} != expected_bytes)
    return DataLoss(fmt::format("{} has {} bytes in the archive, not {}", name, member.num_bytes,
                                expected_bytes));
  if (member.method == kStored) return ReadPacked(archive, member, sink);
  Inflater inflater(name, member.num_bytes, sink);
  RL_RETURN_IF_ERROR(
      ReadPacked(archive, member, [&](std::string_view packed) { return inflater.Feed(packed); }));
  return inflater.Finish();
}

}  // namespace redline::platform
