#include "backends/devices/sysfs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "base/files.h"
#include "base/strings.h"

namespace redline::backends {
namespace {

constexpr size_t kMostEntries = 1024;
constexpr size_t kMostVisited = 1 << 16;
constexpr size_t kMostLineBytes = 96;

std::string_view FirstLine(std::string_view text) { return Trim(text.substr(0, text.find('\n'))); }

// "7" or "3-7"; nullopt for anything else.
std::optional<std::pair<int, int>> ParseRange(std::string_view text) {
  const size_t dash = text.find('-');
  const auto first = ParseInt64(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : ParseInt64(text.substr(dash + 1));
  if (!first || !last || *first < 0 || *last < *first || *last >= kMostCpus) return std::nullopt;
  return std::pair(static_cast<int>(*first), static_cast<int>(*last));
}

}  // namespace

std::string ReadHead(const std::filesystem::path& path, size_t max_bytes) {
  // Not blocking: the path may be a pipe.
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info {};
  if (!fd.valid() || ::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) return "";
  std::string text(max_bytes, '\0');
  size_t length = 0;
  while (length < max_bytes) {
    const ssize_t count = ::read(fd.get(), text.data() + length, max_bytes - length);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    length += static_cast<size_t>(count);
  }
  text.resize(length);
  return text;
}

std::string ReadLine(const std::filesystem::path& path) {
  const std::string text = ReadHead(path);
  return Excerpt(FirstLine(text), kMostLineBytes);
}

std::optional<int64_t> ReadNumber(const std::filesystem::path& path) {
  const std::string text = ReadHead(path);
  return ParseInt64(FirstLine(text));
}

int64_t ReadSize(const std::filesystem::path& path) {
  return std::max<int64_t>(0, ReadNumber(path).value_or(0));
}

std::vector<int> ParseCpuList(std::string_view text) {
  std::set<int> cpus;
  for (const std::string& part : Split(FirstLine(text), ',')) {
    const auto range = ParseRange(part);
    if (!range) return {};
    for (int cpu = range->first; cpu <= range->second; ++cpu) cpus.insert(cpu);
  }
  return {cpus.begin(), cpus.end()};
}

std::optional<int64_t> NumberAfter(std::string_view text, std::string_view key) {
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    begin = end + 1;
    const size_t at = line.find(key);
    if (at == std::string_view::npos || (at > 0 && line[at - 1] != ' ')) continue;
    std::string_view rest = line.substr(at + key.size());
    if (rest.empty() || (rest[0] != ' ' && rest[0] != ':')) continue;
    rest = Trim(rest.substr(1));
    return ParseInt64(rest.substr(0, rest.find(' ')));
  }
  return std::nullopt;
}

std::vector<int> NumberedEntries(const std::filesystem::path& directory, std::string_view prefix) {
  std::set<int> numbers;
  std::error_code error;
  std::filesystem::directory_iterator entry(directory, error);
  for (size_t visited = 0; !error && entry != std::filesystem::directory_iterator() &&
                           visited < kMostVisited && numbers.size() < kMostEntries;
       ++visited, entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with(prefix)) continue;
    const auto number = ParseInt64(std::string_view(name).substr(prefix.size()));
    if (number && *number >= 0 && *number < (1 << 20)) numbers.insert(static_cast<int>(*number));
  }
  return {numbers.begin(), numbers.end()};
}

}  // namespace redline::backends
