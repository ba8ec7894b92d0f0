// Outputs are pip's own (23.2.1), shortened, with names replaced.
#include "backends/install/pip_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace redline::backends {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kNoName =
    "Looking in indexes: https://no-such-host.invalid/simple\n"
    "WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None)) after "
    "connection broken by 'NewConnectionError('<pip._vendor.urllib3.connection.HTTPSConnection "
    "object at 0x7ff956385e90>: Failed to establish a new connection: [Errno -2] Name or service "
    "not known')': /simple/humanize/\n"
    "ERROR: Could not find a version that satisfies the requirement humanize==4.9.0 (from "
    "versions: none)\n"
    "ERROR: No matching distribution found for humanize==4.9.0\n";

constexpr std::string_view kRefused =
    "Looking in indexes: http://127.0.0.1:9/simple\n"
    "WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None)) after "
    "connection broken by 'NewConnectionError('<pip._vendor.urllib3.connection.HTTPConnection "
    "object at 0x7f1f2fc41d90>: Failed to establish a new connection: [Errno 111] Connection "
    "refused')': /simple/humanize/\n"
    "ERROR: Could not find a version that satisfies the requirement humanize==4.9.0 (from "
    "versions: none)\n"
    "ERROR: No matching distribution found for humanize==4.9.0\n";

constexpr std::string_view kProxy =
    "WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None)) after "
    "connection broken by 'ProxyError('Cannot connect to proxy.', "
    "NewConnectionError('<pip._vendor.urllib3.connection.HTTPSConnection object at "
    "0x7f37ab767410>: Failed to establish a new connection: [Errno 111] Connection refused'))': "
    "/simple/humanize/\n"
    "ERROR: No matching distribution found for humanize==4.9.0\n";

constexpr std::string_view kNoVersion =
    "Looking in links: wheels\n"
    "ERROR: Could not find a version that satisfies the requirement torch==2.99.0 (from versions: "
    "2.8.0, 2.9.1)\n"
    "ERROR: No matching distribution found for torch==2.99.0\n";

constexpr std::string_view kBuild =
    "Looking in links: wheels\n"
    "Processing ./wheels/badpkg-1.0.tar.gz\n"
    "  Preparing metadata (pyproject.toml): started\n"
    "  Preparing metadata (pyproject.toml): finished with status 'error'\n"
    "  error: subprocess-exited-with-error\n"
    "  \n"
    "  \u00d7 Preparing metadata (pyproject.toml) did not run successfully.\n"
    "  \u2502 exit code: 1\n"
    "  \u2570\u2500> [1 lines of output]\n"
    "      no compiler here\n"
    "      [end of output]\n"
    "  \n"
    "  note: This error originates from a subprocess, and is likely not a problem with pip.\n"
    "error: metadata-generation-failed\n"
    "\n"
    "\u00d7 Encountered error while generating package metadata.\n"
    "\u2570\u2500> See above for output.\n"
    "\n"
    "note: This is an issue with the package mentioned above, not pip.\n"
    "hint: See above for details.\n";

constexpr std::string_view kDisk =
    "Collecting bulky==1.0\n"
    "Installing collected packages: bulky\n"
    "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n"
    "\n";

constexpr std::string_view kHash =
    "Collecting tiny==1.0\n"
    "  Downloading tiny-1.0-py3-none-any.whl (1.1 kB)\n"
    "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If you have updated "
    "the package versions, please update the hashes.\n";

constexpr std::string_view kCutOff =
    "Collecting torch==2.9.1\n"
    "  Downloading torch-2.9.1-cp311-cp311-manylinux_2_28_x86_64.whl (899.7 MB)\n"
    "ERROR: Exception:\n"
    "Traceback (most recent call last):\n"
    "pip._vendor.urllib3.exceptions.ReadTimeoutError: HTTPSConnectionPool("
    "host='files.pythonhosted.org', port=443): Read timed out.\n";

constexpr std::string_view kUnknown =
    "Collecting tiny==1.0\n"
    "ERROR: Invalid requirement: 'tiny==='\n"
    "WARNING: there is a newer pip\n";

TEST(PipLogTest, FailuresAreExplained) {
  const struct {
    std::string_view log;
    Code code;
    std::string_view remedy;
    std::string_view proof;
  } cases[] = {
      {kNoName, Code::kUnavailable, "PIP_INDEX_URL", "Name or service not known"},
      {kRefused, Code::kUnavailable, "check the network", "WARNING: Retrying"},
      {kProxy, Code::kUnavailable, "check the network", "Cannot connect to proxy"},
      {kCutOff, Code::kUnavailable, "it goes on from here", "Read timed out"},
      {kNoVersion, Code::kNotFound, "for this Python and machine", "torch==2.99.0"},
      {kBuild, Code::kInternal, "could not be built here", "pip: \"no compiler here\""},
      {kDisk, Code::kResourceExhausted, "free some space", "[Errno 28]"},
      {kHash, Code::kDataLoss, "PIP_NO_CACHE_DIR=1", "DO NOT MATCH THE HASHES"},
      {kUnknown, Code::kInternal, "pip failed", "Invalid requirement: 'tiny==='"},
      {"one\nthe last words\n\n", Code::kInternal, "pip failed", "\"the last words\""},
      {"", Code::kInternal, "pip failed: \"\"", ""},
      {"\n\n", Code::kInternal, "pip failed: \"\"", ""},
  };
  for (const auto& each : cases) {
    const Status why = WhyPipFailed(each.log, "/cache/install.log");
    EXPECT_EQ(why.code(), each.code) << each.log;
    EXPECT_THAT(why.message(), HasSubstr(std::string(each.remedy)));
    EXPECT_THAT(why.message(), HasSubstr(std::string(each.proof)));
    EXPECT_THAT(why.message(), HasSubstr("log: /cache/install.log"));
    EXPECT_EQ(why.message().find('\n'), std::string::npos);
  }
}

// A connection that broke and was made again explains nothing that came later.
TEST(PipLogTest, WhatPipGotOverIsNoReason) {
  const struct {
    std::string_view later;
    Code code;
  } cases[] = {{kNoVersion, Code::kNotFound},
               {kBuild, Code::kInternal},
               {kDisk, Code::kResourceExhausted},
               {kUnknown, Code::kInternal}};
  for (const auto& each : cases) {
    const std::string log =
        std::string(kNoName.substr(0, kNoName.find("ERROR"))) +
        "Collecting humanize==4.9.0\n  Downloading humanize-4.9.0-py3-none-any.whl (126 kB)\n" +
        std::string(each.later);
    EXPECT_EQ(WhyPipFailed(log, "log").code(), each.code) << each.later;
  }
}

TEST(PipLogTest, LongAndHostileLinesAreCut) {
  const std::string log = "ERROR: \x1b[31m" + std::string(1 << 20, 'x');
  const Status why = WhyPipFailed(log, "log");
  EXPECT_LT(why.message().size(), 400u);
  EXPECT_THAT(why.message(), HasSubstr("\\x1b[31m"));
  std::string cut = "ERROR: " + std::string(292, 'x') + "\u00e9";  // 300 bytes end inside it
  EXPECT_THAT(WhyPipFailed(cut, "log").message(), HasSubstr("xxx\""));
}

TEST(PipLogTest, ProgressIsCounted) {
  const std::string log =
      "Looking in links: x\nCollecting a==1\n  Downloading a.whl\nCollecting b==2 (from -r "
      "list.txt (line 2))\n  Collecting nested==1\nNotCollecting c\n";
  EXPECT_EQ(NumCollected(log), 2u);
  EXPECT_EQ(NumCollected("Collecting a==1"), 1u);
  EXPECT_EQ(NumCollected(""), 0u);
  EXPECT_FALSE(IsInstalling(log));
  EXPECT_TRUE(IsInstalling(log + "Installing collected packages: a, b\n"));
}

}  // namespace
}  // namespace redline::backends
