// Status and Result<T>: how every fallible function in Redline reports failure.
//
// A Status is a code from one vocabulary, a message a user can act on (what was wrong, what was
// expected, what to do) and, where it helps, the name of the offending parameter. No exception
// crosses a room boundary. Values are immutable after construction and safe to share as const.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace redline {

enum class Code {
  kOk = 0,
  kInvalidArgument,     // a field is outside its domain
  kUnauthenticated,     // no key, or an unknown one
  kPermissionDenied,    // a key without the needed scope
  kNotFound,            // no such model, deployment, route or file
  kAlreadyExists,       // a name is taken, a port is in use
  kFailedPrecondition,  // right request, wrong state
  kTooLarge,            // a body or prompt over its limit
  kResourceExhausted,   // memory, disk, queue or quota
  kUnavailable,         // try again later
  kDeadlineExceeded,
  kCancelled,
  kUnimplemented,  // a known feature this build or model does not have
  kDataLoss,       // a corrupt file or a broken checksum
  kInternal,       // a bug
};

// What each code means at the edges of the product. The one table for the HTTP API, the CLI's exit
// status and OpenAI's error object.
struct CodeInfo {
  std::string_view name;         // "invalid_argument"
  int http_status;               // 400
  int exit_code;                 // process exit status of the CLI
  std::string_view openai_type;  // "invalid_request_error"
  std::string_view openai_code;  // "invalid_argument": `name`, but where OpenAI has one of its own
};
const CodeInfo& InfoOf(Code code);
// The inverse of CodeInfo::name; kInternal for an unknown name.
Code CodeFromName(std::string_view name);

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Code code, std::string message, std::string param = {})
      : code_(code), message_(std::move(message)), param_(std::move(param)) {}

  bool ok() const { return code_ == Code::kOk; }
  Code code() const { return code_; }
  const std::string& message() const { return message_; }
  // Name of the request field, flag or key that was wrong; empty when none applies.
  const std::string& param() const { return param_; }
  // "not_found: no model named ...".
  std::string ToString() const;
  // The same failure, said in a wider context: "CONTEXT: message".
  Status WithContext(std::string_view context) const;

 private:
  Code code_ = Code::kOk;
  std::string message_;
  std::string param_;
};

inline Status OkStatus() { return Status(); }
inline Status InvalidArgument(std::string message, std::string param = {}) {
  return Status(Code::kInvalidArgument, std::move(message), std::move(param));
}
inline Status NotFound(std::string message, std::string param = {}) {
  return Status(Code::kNotFound, std::move(message), std::move(param));
}
inline Status FailedPrecondition(std::string message) {
  return Status(Code::kFailedPrecondition, std::move(message));
}
inline Status ResourceExhausted(std::string message) {
  return Status(Code::kResourceExhausted, std::move(message));
}
inline Status Unavailable(std::string message) {
  return Status(Code::kUnavailable, std::move(message));
}
inline Status Unimplemented(std::string message, std::string param = {}) {
  return Status(Code::kUnimplemented, std::move(message), std::move(param));
}
inline Status DataLoss(std::string message) { return Status(Code::kDataLoss, std::move(message)); }
inline Status Internal(std::string message) { return Status(Code::kInternal, std::move(message)); }
// A failed system call: "WHAT: strerror(error_number)", with the code that fits the number.
Status ErrnoStatus(std::string_view what, int error_number);

// Either a value or a failed Status. `value()` of a failed Result aborts: check ok() first.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}         // NOLINT(google-explicit-constructor)
  Result(Status status) : state_(std::move(status)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return std::holds_alternative<T>(state_); }
  Status status() const { return ok() ? Status() : std::get<Status>(state_); }

  T& value() & { return std::get<T>(state_); }
  const T& value() const& { return std::get<T>(state_); }
  T&& value() && { return std::get<T>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  std::variant<T, Status> state_;
};

}  // namespace redline

#define RL_CONCAT_INNER_(a, b) a##b
#define RL_CONCAT_(a, b) RL_CONCAT_INNER_(a, b)

// Returns from the enclosing function when `expr` (a Status) failed.
#define RL_RETURN_IF_ERROR(expr)             \
  do {                                       \
    ::redline::Status rl_status_ = (expr);   \
    if (!rl_status_.ok()) return rl_status_; \
  } while (false)

// `RL_ASSIGN_OR_RETURN(auto file, ReadFile(path));`
#define RL_ASSIGN_OR_RETURN(lhs, expr)                                                          \
  auto RL_CONCAT_(rl_result_, __LINE__) = (expr);                                               \
  if (!RL_CONCAT_(rl_result_, __LINE__).ok()) return RL_CONCAT_(rl_result_, __LINE__).status(); \
  lhs = std::move(RL_CONCAT_(rl_result_, __LINE__)).value()
