#include "backends/install/pip_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "base/strings.h"

namespace redline::backends {
namespace {

struct PipFailure {
  std::string_view text;
  Code code;
  std::string_view remedy;
};

constexpr std::string_view kNetworkRemedy =
    "the package index was not reached; check the network, or name an index of yours with "
    "PIP_INDEX_URL, and install again: it goes on from here";
constexpr std::string_view kDiskRemedy =
    "the disk is full; free some space and install again: it goes on from here";

constexpr std::string_view kBuildRemedy =
    "a package could not be built here; the log tells what it lacks";

// In the order of what explains most.
constexpr PipFailure kFailures[] = {
    {"No space left on device", Code::kResourceExhausted, kDiskRemedy},
    {"Disk quota exceeded", Code::kResourceExhausted, kDiskRemedy},
    {"Temporary failure in name resolution", Code::kUnavailable, kNetworkRemedy},
    {"Name or service not known", Code::kUnavailable, kNetworkRemedy},
    {"Failed to establish a new connection", Code::kUnavailable, kNetworkRemedy},
    {"Network is unreachable", Code::kUnavailable, kNetworkRemedy},
    {"Connection refused", Code::kUnavailable, kNetworkRemedy},
    {"ConnectTimeoutError", Code::kUnavailable, kNetworkRemedy},
    {"ReadTimeoutError", Code::kUnavailable, kNetworkRemedy},
    {"ProxyError", Code::kUnavailable, kNetworkRemedy},
    {"SSLError", Code::kUnavailable, kNetworkRemedy},
    {"ProtocolError", Code::kUnavailable, kNetworkRemedy},
    {"Connection reset by peer", Code::kUnavailable, kNetworkRemedy},
    {"THESE PACKAGES DO NOT MATCH THE HASHES", Code::kDataLoss,
     "a package is not what it should be; install again, with PIP_NO_CACHE_DIR=1"},
    {"Could not find a version that satisfies", Code::kNotFound,
     "the package index does not have it for this Python and machine; another --python or index "
     "(PIP_INDEX_URL) may"},
    {"No matching distribution found", Code::kNotFound,
     "the package index does not have it for this Python and machine; another --python or index "
     "(PIP_INDEX_URL) may"},
    {"error: subprocess-exited-with-error", Code::kInternal, kBuildRemedy},
    {"Failed building wheel", Code::kInternal, kBuildRemedy},
};

std::string LineWith(std::string_view log, size_t position) {
  constexpr size_t kMostBytes = 300;
  const size_t before = log.rfind('\n', position);
  const size_t begin = before == std::string_view::npos ? 0 : before + 1;
  const std::string_view line = Trim(log.substr(begin, log.find('\n', position) - begin));
  return EscapeControl(line.substr(0, CompleteUtf8Prefix(line.substr(0, kMostBytes))));
}

// From pip's last sign of getting on: what it complained of before has passed.
std::string_view LastStep(std::string_view log) {
  size_t begin = 0;
  for (const std::string_view step : {"\nCollecting ", "\n  Downloading ", "\n  Using cached ",
                                      "\nBuilding wheels ", "\nInstalling collected packages"}) {
    const size_t at = log.rfind(step);
    if (at != std::string_view::npos) begin = std::max(begin, at + 1);
  }
  return log.substr(begin);
}

std::string LastLineOf(std::string_view log) {
  return log.empty() ? "" : LineWith(log, log.size() - 1);
}

// Of a build that failed: up to the last line of what built.
std::string_view BuildersWords(std::string_view log) {
  const size_t end = log.rfind("[end of output]");
  const size_t newline = end == std::string_view::npos ? end : log.rfind('\n', end);
  return newline == std::string_view::npos || newline == 0 ? log : log.substr(0, newline);
}

}  // namespace

size_t NumCollected(std::string_view log) {
  constexpr std::string_view kLine = "\nCollecting ";
  size_t number = log.starts_with(kLine.substr(1)) ? 1 : 0;
  for (size_t at = log.find(kLine); at != std::string_view::npos; at = log.find(kLine, at + 1))
    ++number;
  return number;
}

bool IsInstalling(std::string_view log) {
  return log.find("Installing collected packages") != std::string_view::npos;
}

std::optional<double> BuiltFraction(std::string_view log) {
  constexpr size_t kWidth = 3;
  for (size_t at = log.rfind("%] "); at != std::string_view::npos && at >= kWidth + 1;
       at = log.rfind("%] ", at - 1)) {
    const auto percent = ParseInt64(Trim(log.substr(at - kWidth, kWidth)));
    if (percent && log[at - kWidth - 1] == '[' && *percent >= 0 && *percent <= 100)
      return static_cast<double>(*percent) / 100;
  }
  return std::nullopt;
}

Status WhyPipFailed(std::string_view whole_log, std::string_view log_path) {
  const std::string_view log = LastStep(Trim(whole_log));
  for (const PipFailure& failure : kFailures) {
    const size_t at = log.rfind(failure.text);
    if (at == std::string_view::npos) continue;
    const std::string proof =
        failure.remedy == kBuildRemedy ? LastLineOf(BuildersWords(log)) : LineWith(log, at);
    return Status(failure.code,
                  fmt::format("{} (pip: \"{}\"; log: {})", failure.remedy, proof, log_path));
  }
  const size_t error = log.rfind("ERROR:");
  return Internal(fmt::format(
      "pip failed: \"{}\"; log: {}",
      error != std::string_view::npos ? LineWith(log, error) : LastLineOf(log), log_path));
}

}  // namespace redline::backends
