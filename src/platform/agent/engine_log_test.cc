#include "platform/agent/engine_log.h"

#include <gtest/gtest.h>

#include "base/files.h"
#include "base/ids.h"

namespace redline::platform {
namespace {

class EngineLogTest : public ::testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove(path_); }
  void Write(const std::string& text) { ASSERT_TRUE(WriteFileAtomic(path_, text).ok()); }
  std::filesystem::path path_ = std::filesystem::temp_directory_path() / NewId("log-test");
};

TEST_F(EngineLogTest, Pieces) {
  Write("first\nsecond\nthird\n");
  const struct {
    int64_t after;
    int64_t max_bytes;
    std::string text;
    int64_t next;
  } cases[] = {
      {-1, 1000, "first\nsecond\nthird\n", 19},
      {-1, 10, "third\n", 19},  // begins at a line
      {0, 5, "first", 5},
      {6, 1000, "second\nthird\n", 19},
      {19, 1000, "", 19},
      {500, 1000, "first\nsecond\nthird\n", 19},  // rotated since
  };
  for (const auto& each : cases) {
    const LogReply reply = ReadLog(path_, each.after, each.max_bytes);
    EXPECT_EQ(reply.text, each.text) << each.after;
    EXPECT_EQ(reply.next, each.next) << each.after;
  }
  EXPECT_EQ(ReadLog("/no/such/log", -1, 100).text, "");
}

TEST_F(EngineLogTest, CharactersAreNotCut) {
  Write("ab\xe4\xb8\xad");
  const LogReply reply = ReadLog(path_, 0, 3);
  EXPECT_EQ(reply.text, "ab");
  EXPECT_EQ(ReadLog(path_, reply.next, 100).text, "\xe4\xb8\xad");
  Write("\xff\xfe");
  EXPECT_EQ(ReadLog(path_, 0, 2).next, 2) << "bytes that are no text do not block the reader";
}

TEST_F(EngineLogTest, LastLines) {
  Write("one\ntwo\nthree\n");
  EXPECT_EQ(LastLines(path_, 0, 2), "two\nthree");
  EXPECT_EQ(LastLines(path_, 0, 9), "one\ntwo\nthree");
  EXPECT_EQ(LastLines(path_, 4, 9), "two\nthree") << "only of this start";
  EXPECT_EQ(LastLines(path_, 14, 9), "");
  EXPECT_EQ(LastLines("/no/such/log", 0, 9), "");
}

// llama.cpp starts gdb on itself when it aborts.
TEST_F(EngineLogTest, LastLinesLeaveOutWhatADebuggerSays) {
  Write(
      "load_model: loading model\n"
      "/src/ggml/src/ggml.c:1651: GGML_ASSERT(ctx->mem_buffer != NULL) failed\n"
      "[New LWP 12346]\n[New LWP 12347]\n"
      "[Thread debugging using libthread_db enabled]\n"
      "Using host libthread_db library \"/lib/x86_64-linux-gnu/libthread_db.so.1\".\n"
      "__futex_abstimed_wait_common64 (private=0, cancel=true) at ./nptl/futex-internal.c:57\n"
      "57\t./nptl/futex-internal.c: No such file or directory.\n"
      "warning: 57\t./nptl/futex-internal.c: No such file or directory\n"
      "#0  __futex_abstimed_wait_common64 (private=0, cancel=true) at ./nptl/futex-internal.c:57\n"
      "57\tin ./nptl/futex-internal.c\n"
      "#6  0x000055d0e38704f4 in server_queue::start_loop(long) ()\n"
      "0x00007f1db6d1ac17 in __GI___wait4 (pid=12348) at ../sysdeps/unix/sysv/linux/wait4.c:30\n"
      "/lib/libggml-base.so(ggml_abort+0x11e)[0x7f6b2a4f1c6e]\n"
      "[Inferior 1 (process 12345) detached]\n");
  EXPECT_EQ(LastLines(path_, 0, 1),
            "/src/ggml/src/ggml.c:1651: GGML_ASSERT(ctx->mem_buffer != NULL) failed");
  Write("#define is no frame\n0x is no address\n12 tokens\n[42] [0x1]\n");
  EXPECT_EQ(LastLines(path_, 0, 9), "#define is no frame\n0x is no address\n12 tokens\n[42] [0x1]");
}

TEST_F(EngineLogTest, ProgressIsFollowed) {
  const std::vector<backends::LogMarker> markers = {
      {.text = "loading: ",
       .phase = "loading",
       .fraction = backends::LogMarker::Fraction::kPercentAfterText}};
  Write("loading: 90%\nloading: 10%\nloading: 2");
  ProgressFollower follower(path_, 13);
  EXPECT_DOUBLE_EQ(follower.Next(markers)->fraction, 0.1) << "the latest complete line";
  EXPECT_FALSE(follower.Next(markers).has_value());
  Write("loading: 90%\nloading: 10%\nloading: 20%\n");
  EXPECT_DOUBLE_EQ(follower.Next(markers)->fraction, 0.2);
}

}  // namespace
}  // namespace redline::platform
