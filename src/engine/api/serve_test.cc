// `redline serve` as a whole: with a real model from start to SIGTERM, and models it cannot serve.
#include "engine/api/serve.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/ids.h"
#include "base/process.h"
#include "engine/api/api_testing.h"

namespace redline::engine {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

constexpr char kModelPath[] = "../shared/data/models/stories260K-f32.gguf";

class ServeTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / NewId("redline-serve");
    fs::create_directory(folder_);
    socket_ = (folder_ / "s.sock").string();
  }
  void TearDown() override { fs::remove_all(folder_); }

  void NeedModel() const {
    if (!fs::exists(kModelPath)) {
      GTEST_SKIP() << "NO DATA: " << kModelPath << " is missing; serving was NOT tested";
    }
  }

  // Runs ServeMain in a child process; its exit status is the error's.
  pid_t StartChild() {
    const pid_t pid = fork();
    if (pid != 0) return pid;
    const Status status =
        ServeMain({.model_path = kModelPath, .served_model_name = "tiny", .uds = socket_});
    _exit(InfoOf(status.code()).exit_code);
  }
  HttpReply Call(const std::string& method, const std::string& path, const Json& body = {}) const {
    TestClient client(socket_);
    client.Send(method, path, body.is_null() ? "" : body.dump());
    return client.Read();
  }
  bool WaitUntilReady() const {
    return Eventually([&] { return fs::exists(socket_); }) &&
           Eventually([&] { return Call("GET", "/health").status == 200; });
  }
  static int ExitStatus(pid_t pid) {
    int wait_status = 0;
    waitpid(pid, &wait_status, 0);
    return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : -1;
  }

  fs::path folder_;
  std::string socket_;
};

Json Story(int max_tokens, bool stream = false) {
  return {{"model", "tiny"},  {"prompt", "Once upon a time"},
          {"temperature", 0}, {"max_tokens", max_tokens},
          {"stream", stream}, {"ignore_eos", true}};
}

TEST_F(ServeTest, TellsTheStoryAndStopsOnSigterm) {
  NeedModel();
  if (IsSkipped()) return;
  const pid_t pid = StartChild();
  ASSERT_TRUE(WaitUntilReady());
  const Json answer = Call("POST", "/v1/completions", Story(40)).json();
  EXPECT_NE(answer["choices"][0]["text"].get<std::string>().find(
                "there was a little girl named Lily. She loved to play outside in the park"),
            std::string::npos)
      << answer;
  const Json info = Call("GET", "/server_info").json();
  EXPECT_EQ(info["resolved"]["context_length"], info["model"]["max_position_embeddings"]);
  EXPECT_GT(info["memory"]["weight_bytes"], 0);

  TestClient stream(socket_);
  stream.Send("POST", "/v1/completions", Story(400, true).dump());
  stream.ReadUntil("data: ");
  kill(pid, SIGTERM);
  EXPECT_TRUE(stream.Read().complete);  // it is in flight: it may end
  EXPECT_EQ(ExitStatus(pid), 0);
}

TEST_F(ServeTest, ModelsItCannotServe) {
  NeedModel();
  if (IsSkipped()) return;
  const fs::path cut = folder_ / "cut.gguf";
  fs::copy_file(kModelPath, cut);
  fs::resize_file(cut, 500'000);
  const fs::path mamba = folder_ / "mamba";
  fs::create_directory(mamba);
  std::ofstream(mamba / "config.json") << R"({"model_type": "mamba", "architectures": ["Mamba"]})";
  std::ofstream(mamba / "model.safetensors") << std::string("\2\0\0\0\0\0\0\0{}", 10);
  struct Case {
    ServeOptions options;
    Code code;
    const char* in_message;
  };
  const std::vector<Case> cases = {
      {{.model_path = (folder_ / "none.gguf").string()}, Code::kNotFound, "none.gguf"},
      {{.model_path = cut.string()}, Code::kDataLoss, "cut.gguf"},
      {{.model_path = mamba.string()}, Code::kUnimplemented, "mamba"},
      {{.model_path = kModelPath, .uds = socket_, .engine = {.max_total_tokens = int64_t{1} << 38}},
       Code::kResourceExhausted,
       "not enough memory"},
      {{.model_path = kModelPath, .uds = socket_, .engine = {.context_length = 1 << 20}},
       Code::kInvalidArgument,
       "context_length"},
  };
  for (const Case& test_case : cases) {
    const Status status = ServeMain(test_case.options);
    EXPECT_EQ(status.code(), test_case.code) << status.message();
    EXPECT_NE(status.message().find(test_case.in_message), std::string::npos) << status.message();
    EXPECT_EQ(status.message().find('\n'), std::string::npos);
  }
}

TEST_F(ServeTest, PortInUse) {
  NeedModel();
  if (IsSkipped()) return;
  net::Router router;
  const auto other = net::HttpServer::Start({}, router);
  ASSERT_TRUE(other.ok());
  const Status status = ServeMain({.model_path = kModelPath, .port = (*other)->port()});
  EXPECT_EQ(status.code(), Code::kAlreadyExists);
  EXPECT_NE(status.message().find(std::to_string((*other)->port())), std::string::npos);
}

}  // namespace
}  // namespace redline::engine
