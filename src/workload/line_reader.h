// A text file line by line, under a limit: a file without line ends costs no more than one line.
// Not thread-safe.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"

namespace redline::workload {

class LineReader {
 public:
  static constexpr size_t kMaxLineBytes = 4 << 20;

  // Errors: as fopen().
  static Result<LineReader> Open(const std::string& path);

  // The next line that is not blank, without its end (LF or CRLF) and without a byte order mark;
  // false at the end. `line` lives until the next call. kInvalidArgument for a line over the limit.
  Result<bool> Next(std::string_view& line);

  // The same failure, with file and line: "trace.csv:12: ...".
  Status At(const Status& status) const;
  Status Wrong(const std::string& message) const { return At(InvalidArgument(message)); }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  LineReader(std::string path, std::FILE* file)
      : path_(std::move(path)), file_(file), buffer_(1 << 16, '\0') {}
  Result<bool> ReadLine();

  std::string path_;
  std::unique_ptr<std::FILE, Close> file_;
  std::string buffer_;
  size_t begin_ = 0;  // what is left of the buffer
  size_t end_ = 0;
  std::string line_;
  int64_t line_number_ = 0;
};

}  // namespace redline::workload
