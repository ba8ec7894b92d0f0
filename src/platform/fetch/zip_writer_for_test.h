// Writes small zip archives, right and wrong ones, for tests.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <string>
#include <vector>

namespace redline::platform {

struct ZipEntry {
  std::string name;
  std::string data;
  bool deflate = true;
  uint32_t unix_mode = 0100644;
  int64_t declared_bytes = -1;  // a lie about the size; -1: the truth
  uint16_t flags = 0;
};

inline std::string LittleEndian(uint64_t value, int width) {
  std::string bytes;
  for (int index = 0; index < width; ++index)
    bytes += static_cast<char>((value >> (8 * index)) & 0xff);
  return bytes;
}

inline std::string RawDeflate(const std::string& data) {
  z_stream stream{};
  deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string packed(deflateBound(&stream, data.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

inline std::string MakeZip(const std::vector<ZipEntry>& entries) {
  std::string archive;
  std::string directory;
  for (const ZipEntry& entry : entries) {
    const std::string packed = entry.deflate ? RawDeflate(entry.data) : entry.data;
    const uint64_t declared =
        entry.declared_bytes < 0 ? entry.data.size() : static_cast<uint64_t>(entry.declared_bytes);
    // version needed, flags, method, time, date, CRC (unchecked), sizes, name, extra
    const std::string common = LittleEndian(20, 2) + LittleEndian(entry.flags, 2) +
                               LittleEndian(entry.deflate ? 8 : 0, 2) + LittleEndian(0, 8) +
                               LittleEndian(packed.size(), 4) + LittleEndian(declared, 4) +
                               LittleEndian(entry.name.size(), 2) + LittleEndian(0, 2);
    directory += LittleEndian(0x02014b50, 4) + LittleEndian(0x0314, 2) + common +
                 LittleEndian(0, 6) + LittleEndian(uint64_t{entry.unix_mode} << 16, 4) +
                 LittleEndian(archive.size(), 4) + entry.name;
    archive += LittleEndian(0x04034b50, 4) + common + entry.name + packed;
  }
  return archive + directory + LittleEndian(0x06054b50, 4) + LittleEndian(0, 4) +
         LittleEndian(entries.size(), 2) + LittleEndian(entries.size(), 2) +
         LittleEndian(directory.size(), 4) + LittleEndian(archive.size(), 4) + LittleEndian(0, 2);
}

}  // namespace redline::platform
