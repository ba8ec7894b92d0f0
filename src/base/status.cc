#include "base/status.h"

#include <array>
#include <cerrno>
#include <cstring>

namespace redline {
namespace {

constexpr std::array<CodeInfo, 15> kCodes = {{
    {"ok", 200, 0, "", ""},
    {"invalid_argument", 400, 2, "invalid_request_error", "invalid_argument"},
    {"unauthenticated", 401, 3, "authentication_error", "invalid_api_key"},
    {"permission_denied", 403, 3, "permission_error", "permission_denied"},
    {"not_found", 404, 4, "invalid_request_error", "not_found"},
    {"already_exists", 409, 5, "invalid_request_error", "already_exists"},
    {"failed_precondition", 409, 6, "invalid_request_error", "failed_precondition"},
    {"too_large", 413, 2, "invalid_request_error", "too_large"},
    {"resource_exhausted", 429, 7, "rate_limit_error", "resource_exhausted"},
    {"unavailable", 503, 8, "server_error", "unavailable"},
    {"deadline_exceeded", 504, 9, "server_error", "deadline_exceeded"},
    {"cancelled", 499, 10, "server_error", "cancelled"},
    {"unimplemented", 501, 11, "invalid_request_error", "unimplemented"},
    {"data_loss", 500, 12, "server_error", "data_loss"},
    {"internal", 500, 1, "server_error", "internal"},
}};

Code CodeOfErrno(int error_number) {
  switch (error_number) {
    case ENOENT:
      return Code::kNotFound;
    case EEXIST:
    case EADDRINUSE:
      return Code::kAlreadyExists;
    case EACCES:
    case EPERM:
    case EROFS:
      return Code::kPermissionDenied;
    case ENOSPC:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
    case EDQUOT:
      return Code::kResourceExhausted;
    case ECONNREFUSED:
    case ECONNRESET:
    case EPIPE:
      return Code::kUnavailable;
    case ETIMEDOUT:
      return Code::kDeadlineExceeded;
    default:
      return Code::kInternal;
  }
}

}  // namespace

const CodeInfo& InfoOf(Code code) { return kCodes.at(static_cast<size_t>(code)); }

Code CodeFromName(std::string_view name) {
  for (size_t index = 0; index < kCodes.size(); ++index) {
    if (kCodes[index].name == name) return static_cast<Code>(index);
  }
  return Code::kInternal;
}

std::string Status::ToString() const {
  if (ok()) return "ok";
  std::string text(InfoOf(code_).name);
  return text + ": " + message_;
}

Status Status::WithContext(std::string_view context) const {
  if (ok()) return *this;
  return Status(code_, std::string(context) + ": " + message_, param_);
}

Status ErrnoStatus(std::string_view what, int error_number) {
  return Status(CodeOfErrno(error_number), std::string(what) + ": " + strerror(error_number));
}

}  // namespace redline
