#include "engine/bench/cpu_caches.h"

#include <fmt/format.h>

#include <optional>
#include <set>
#include <string>

#include "base/files.h"
#include "base/process.h"
#include "base/strings.h"

namespace redline::engine {
namespace {

constexpr int kMostCaches = 8;
constexpr uint64_t kMostTextBytes = 4096;
constexpr int64_t kMostKilobytes = int64_t{64} << 20;

struct Cache {
  int64_t level = 0;
  int64_t num_bytes = 0;
  std::string cpus;  // that share it: "0-7"
};

std::string TextOf(const std::filesystem::path& path) {
  const auto text = ReadFile(path, kMostTextBytes);
  return text.ok() ? std::string(Trim(*text)) : std::string();
}

// nullopt: not there, or of instructions.
std::optional<Cache> ReadCache(const std::filesystem::path& folder) {
  std::string size = TextOf(folder / "size");  // "32768K"
  if (size.empty() || TextOf(folder / "type") == "Instruction") return std::nullopt;
  if (size.back() == 'K') size.pop_back();
  const auto kilobytes = ParseInt64(size);
  const auto level = ParseInt64(TextOf(folder / "level"));
  if (!kilobytes || !level || *kilobytes < 1 || *kilobytes > kMostKilobytes) return std::nullopt;
  return Cache{*level, *kilobytes << 10, TextOf(folder / "shared_cpu_list")};
}

}  // namespace

CpuCaches ReadCpuCaches(const std::filesystem::path& root) {
  CpuCaches caches;
  int64_t last_level = 0;
  int64_t last_level_bytes = 0;
  std::set<std::string> counted;  // last-level caches, by who shares them
  for (const int cpu : AvailableCpuIds()) {
    for (int index = 0; index < kMostCaches; ++index) {
      const auto cache = ReadCache(root / fmt::format("cpu{}/cache/index{}", cpu, index));
      if (!cache) continue;
      if (cache->level == 1) caches.l1_bytes = cache->num_bytes;
      if (cache->level == 2) caches.l2_bytes = cache->num_bytes;
      if (cache->level > last_level) {
        last_level = cache->level;
        last_level_bytes = 0;
        counted.clear();
      }
      if (cache->level == last_level && counted.insert(cache->cpus).second)
        last_level_bytes += cache->num_bytes;
    }
  }
  if (last_level_bytes > 0) caches.last_level_bytes = last_level_bytes;
  return caches;
}

}  // namespace redline::engine
