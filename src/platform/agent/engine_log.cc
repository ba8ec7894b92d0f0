#include "platform/agent/engine_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/files.h"
#include "base/strings.h"

namespace redline::platform {
namespace {

// At most `max_bytes` from `offset`; shorter at the end, or when it cannot be read.
std::string ReadAt(const std::filesystem::path& path, int64_t offset, int64_t max_bytes) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return {};
  std::string bytes(static_cast<size_t>(max_bytes), '\0');
  const ssize_t count = ::pread(fd.get(), bytes.data(), bytes.size(), offset);
  bytes.resize(static_cast<size_t>(std::max<ssize_t>(count, 0)));
  return bytes;
}

constexpr std::string_view kBeforeLocation = "Using host libthread_db library ";

bool StartsWithDigits(std::string_view text, std::string_view then) {
  const size_t end = text.find_first_not_of("0123456789");
  return end != 0 && end != std::string_view::npos && text.substr(end).starts_with(then);
}

// What a debugger that a dying engine starts by itself writes about its threads and frames
// (llama.cpp's ggml_print_backtrace: gdb, or the C library's backtrace).
bool IsOfDebugger(std::string_view line) {
  constexpr std::string_view kBegins[] = {"[New LWP ",
                                          "[New Thread ",
                                          "[Thread debugging using ",
                                          kBeforeLocation,
                                          "[Inferior ",
                                          "[Detaching ",
                                          "This GDB supports ",
                                          "Enable debuginfod ",
                                          "Debuginfod ",
                                          "To make this setting permanent, add 'set debuginfod"};
  for (const std::string_view begin : kBegins) {
    if (line.starts_with(begin)) return true;
  }
  if (line.starts_with("#") && StartsWithDigits(line.substr(1), " ")) return true;  // a frame
  if (line.starts_with("0x") && line.find(" in ") != std::string_view::npos) return true;
  constexpr std::string_view kWarning = "warning: ";  // of newer ones
  if (line.starts_with(kWarning)) line.remove_prefix(kWarning.size());
  if (StartsWithDigits(line, "\t")) return true;  // a line of source
  return line.find("+0x") != std::string_view::npos && line.ends_with("]") &&
         line.find("[0x") != std::string_view::npos;
}

}  // namespace

int64_t LogSize(const std::filesystem::path& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? info.st_size : 0;
}

LogReply ReadLog(const std::filesystem::path& path, int64_t after, int64_t max_bytes) {
  const int64_t size = LogSize(path);
  const bool tail = after < 0;
  int64_t begin = tail ? std::max<int64_t>(0, size - max_bytes) : after;
  if (begin > size) begin = 0;
  std::string text = ReadAt(path, begin, max_bytes);
  if (tail && begin > 0) {
    const size_t line_end = text.find('\n');
    // Whole lines, unless there is but a part of one.
    const bool has_whole_line = line_end != std::string::npos && line_end + 1 < text.size();
    const size_t cut = has_whole_line ? line_end + 1 : 0;
    text.erase(0, cut);
    begin += static_cast<int64_t>(cut);
  }
  // A character that is cut in two comes whole the next time.
  if (const size_t whole = CompleteUtf8Prefix(text); whole > 0) text.resize(whole);
  return {.text = text, .next = begin + static_cast<int64_t>(text.size())};
}

std::string LastLines(const std::filesystem::path& path, int64_t offset, size_t max_lines) {
  constexpr int64_t kMaxBytes = 64 << 10;
  const int64_t size = LogSize(path);
  const int64_t begin = std::max(std::min(offset, size), size - kMaxBytes);
  std::string text = ReadAt(path, begin, kMaxBytes);
  while (text.ends_with('\n')) text.pop_back();
  std::vector<std::string> lines;
  bool is_location = false;  // where the debugger found the engine, behind this line of its own
  for (std::string& line : Split(text, '\n')) {
    const bool is_left_out =
        std::exchange(is_location, line.starts_with(kBeforeLocation)) || IsOfDebugger(line);
    if (!is_left_out) lines.push_back(std::move(line));
  }
  if (lines.size() > max_lines)
    lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(max_lines));
  return Join(lines, "\n");
}

std::optional<spec::Progress> ProgressFollower::Next(std::span<const backends::LogMarker> markers) {
  constexpr int64_t kMaxBytes = 256 << 10;
  const int64_t size = LogSize(path_);
  if (size <= offset_) return std::nullopt;
  offset_ = std::max(offset_, size - kMaxBytes);
  const std::string text = ReadAt(path_, offset_, kMaxBytes);
  const size_t complete = text.rfind('\n');
  if (complete == std::string::npos) return std::nullopt;
  offset_ += static_cast<int64_t>(complete) + 1;
  std::optional<spec::Progress> latest;
  for (const std::string& line : Split(std::string_view(text).substr(0, complete), '\n')) {
    if (auto progress = backends::MatchProgress(markers, line)) latest = progress;
  }
  return latest;
}

}  // namespace redline::platform
