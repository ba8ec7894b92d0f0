// Structured logging: one line per event on standard error, "2026-01-02T03:04:05.678Z info
// component: message". Control characters in messages are escaped, so that no input can forge a
// line. Prompts, keys and tokens are never logged. Thread-safe.
#pragma once

#include <fmt/core.h>

#include <string>
#include <string_view>

namespace redline {

enum class LogLevel { kDebug, kInfo, kWarn, kError };

// Sets the least severe level that is written; kInfo unless told. Also reads REDLINE_LOG_LEVEL.
void SetLogLevel(LogLevel level);
void WriteLog(LogLevel level, std::string_view component, std::string_view message);
bool LogEnabled(LogLevel level);

template <typename... Args>
void LogInfo(std::string_view component, fmt::format_string<Args...> format, Args&&... args) {
  if (LogEnabled(LogLevel::kInfo))
    WriteLog(LogLevel::kInfo, component, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void LogWarn(std::string_view component, fmt::format_string<Args...> format, Args&&... args) {
  if (LogEnabled(LogLevel::kWarn))
    WriteLog(LogLevel::kWarn, component, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void LogError(std::string_view component, fmt::format_string<Args...> format, Args&&... args) {
  if (LogEnabled(LogLevel::kError))
    WriteLog(LogLevel::kError, component, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void LogDebug(std::string_view component, fmt::format_string<Args...> format, Args&&... args) {
  if (LogEnabled(LogLevel::kDebug))
    WriteLog(LogLevel::kDebug, component, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace redline
