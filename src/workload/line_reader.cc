#include "workload/line_reader.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

#include "base/strings.h"

namespace redline::workload {

Result<LineReader> LineReader::Open(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "re");
  if (file == nullptr) return ErrnoStatus("cannot open " + EscapeControl(path), errno);
  return LineReader(path, file);
}

Status LineReader::At(const Status& status) const {
  return status.WithContext(fmt::format("{}:{}", EscapeControl(path_), line_number_));
}

// One line into line_, its end included when there is one.
Result<bool> LineReader::ReadLine() {
  line_.clear();
  while (true) {
    if (begin_ == end_) {
      begin_ = 0;
      end_ = std::fread(buffer_.data(), 1, buffer_.size(), file_.get());
      if (std::ferror(file_.get()) != 0) return ErrnoStatus("cannot read " + path_, errno);
      if (end_ == 0) return !line_.empty();
    }
    const char* from = buffer_.data() + begin_;
    const void* newline = std::memchr(from, '\n', end_ - begin_);
    const size_t length =
        newline != nullptr ? static_cast<const char*>(newline) - from + 1 : end_ - begin_;
    line_.append(from, length);
    begin_ += length;
    if (line_.size() > kMaxLineBytes)
      return Wrong(fmt::format("the line is longer than {}", FormatBytes(kMaxLineBytes)));
    if (newline != nullptr) return true;
  }
}

Result<bool> LineReader::Next(std::string_view& line) {
  while (true) {
    ++line_number_;
    RL_ASSIGN_OR_RETURN(const bool more, ReadLine());
    if (!more) return false;
    line = line_;
    if (line_number_ == 1 && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
    if (line.ends_with('\n')) line.remove_suffix(1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!Trim(line).empty()) return true;
  }
}

}  // namespace redline::workload
