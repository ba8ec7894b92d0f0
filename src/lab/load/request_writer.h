// Writes a planned request as HTTP: all that is the same for every request is rendered once. Const
// after it is made; thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/status.h"
#include "lab/load/load_options.h"

namespace redline::lab {

class RequestWriter {
 public:
  // kInvalidArgument: a field that cannot be given, a prompt of a kind that the API does not take.
  static Result<RequestWriter> Make(const LoadOptions& options, std::string_view host,
                                    std::string_view base_path);
  // Replaces `out` by head and body of request `index`.
  void Write(size_t index, int32_t output_tokens, std::string& out) const;

 private:
  RequestWriter() = default;

  const LoadOptions* options_ = nullptr;
  std::string head_;         // up to the value of Content-Length
  std::string body_begin_;   // up to the number of tokens
  std::string body_middle_;  // up to the prompt, without its field's name for /generate
  std::string body_end_;
};

}  // namespace redline::lab
