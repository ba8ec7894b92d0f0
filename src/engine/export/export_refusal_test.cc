// What an export refuses, and what it leaves behind when it ends early: nothing.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>

#include <cstring>

#include "engine/export/export_directory.h"
#include "engine/export/export_record.h"
#include "engine/export/export_testing.h"

namespace redline::engine {
namespace {

namespace fs = std::filesystem;

constexpr char kTinyQuantGguf[] = "tests/reference/tiny/tiny_q4_k.gguf";

const std::vector<std::string> kFilesWithoutTokenizer = {"config.json", "generation_config.json",
                                                         "model.safetensors", kExportRecordName};

class ExportRefusal : public testing::Test {
 protected:
  fs::path Path(const std::string& name) const { return folder_.path() / name; }
  fs::path Write(const std::string& name, const std::string& bytes) {
    WriteBytes(Path(name), bytes);
    return Path(name);
  }
  void ExpectRefused(const fs::path& model, const fs::path& to, Code code,
                     const std::string& message, DType dtype = DType::kBF16) {
    const auto before = NamesIn(folder_.path());
    const auto result = ExportModel({.model_path = model, .directory = to, .dtype = dtype});
    ASSERT_FALSE(result.ok()) << message;
    EXPECT_EQ(result.status().code(), code) << result.status().ToString();
    EXPECT_NE(result.status().message().find(message), std::string::npos)
        << result.status().ToString();
    EXPECT_EQ(NamesIn(folder_.path()), before) << message;
  }

  TemporaryDirectory folder_;
};

TEST_F(ExportRefusal, ModelsThatCannotBeExported) {
  const std::string sound = TinyGguf().Build();
  GgufBuilder other = TinyGguf();
  other.Int("llama.expert_count", 8);
  GgufBuilder strange_text = TinyGguf();
  strange_text.String("tokenizer.ggml.model", "gpt2")
      .String("tokenizer.ggml.pre", "esperanto")
      .Strings("tokenizer.ggml.tokens", {"a", "b", "c"});
  GgufBuilder unknown;
  unknown.String("general.architecture", "mamba");
  const struct {
    fs::path model;
    Code code;
    std::string message;
  } cases[] = {
      {Path("absent.gguf"), Code::kNotFound, "no model at"},
      {Write("empty.gguf", ""), Code::kDataLoss, "empty.gguf"},
      {Write("text.gguf", "hello, this is no model"), Code::kDataLoss, "text.gguf"},
      {Write("cut.gguf", sound.substr(0, sound.size() - 64)), Code::kDataLoss, "cut.gguf"},
      {Write("mamba.gguf", unknown.Build()), Code::kUnimplemented, "mamba"},
      {Write("experts.gguf", other.Build()), Code::kUnimplemented, "llama.expert_count"},
      {Write("pre.gguf", strange_text.Build()), Code::kUnimplemented, "esperanto"},
      {"tests/reference/tiny/tiny_qwen2", Code::kInvalidArgument, "Hugging Face directory already"},
      {"tests/reference/tiny/tiny_qwen2/model.safetensors", Code::kInvalidArgument, "one file"},
  };
  for (const auto& test_case : cases)
    ExpectRefused(test_case.model, Path("out"), test_case.code, test_case.message);
}

TEST_F(ExportRefusal, PlacesThatHoldSomethingElse) {
  fs::create_directory(Path("full"));
  Write("full/notes.txt", "mine");
  Write("file", "mine");
  fs::create_directory(Path("forged"));
  Write(std::string("forged/") + kExportRecordName, "{}");
  ExpectRefused(kTinyQuantGguf, Path("full"), Code::kAlreadyExists, "holds other files");
  ExpectRefused(kTinyQuantGguf, Path("file"), Code::kAlreadyExists, "is a file");
  ExpectRefused(kTinyQuantGguf, Path("forged"), Code::kAlreadyExists, "by another version");
  ExpectRefused(kTinyQuantGguf, "", Code::kInvalidArgument, "--to");
  ExpectRefused(kTinyQuantGguf, "/", Code::kInvalidArgument, "--to");
  ExpectRefused(kTinyQuantGguf, Path("file") / "below", Code::kFailedPrecondition,
                "is not a directory");
  EXPECT_EQ(NamesIn(Path("full")), std::vector<std::string>{"notes.txt"});
}

TEST_F(ExportRefusal, AValueThatFloat16CannotHold) {
  GgufBuilder gguf = GgufOf(*OpenTiny("tiny_qwen2"));
  std::string bytes = gguf.Build();
  const float large = 70000;
  std::memcpy(bytes.data() + bytes.size() - 64, &large, sizeof(large));
  const fs::path model = Write("large.gguf", bytes);
  ExpectRefused(model, Path("out"), Code::kInvalidArgument, "--dtype bfloat16", DType::kF16);
  EXPECT_TRUE(ExportModel({.model_path = model, .directory = Path("out")}).ok());
}

TEST_F(ExportRefusal, TheSameExportAgainCostsNothing) {
  fs::copy(kTinyQuantGguf, Path("m.gguf"));
  fs::create_directory(Path("out"));  // an empty directory is taken
  const ExportRequest request = {.model_path = Path("m.gguf"), .directory = Path("out/")};
  const auto first = ExportModel(request);
  ASSERT_TRUE(first.ok()) << first.status().ToString();
  EXPECT_FALSE(first->was_complete);
  EXPECT_EQ(NamesIn(Path("out")), kFilesWithoutTokenizer);
  EXPECT_EQ(NamesIn(folder_.path()), (std::vector<std::string>{"m.gguf", "out"}));
  const auto written = fs::last_write_time(Path("out/config.json"));
  const auto again = ExportModel(request);
  ASSERT_TRUE(again.ok()) << again.status().ToString();
  EXPECT_TRUE(again->was_complete);
  // Fetched anew: another time, the same bytes.
  fs::last_write_time(Path("m.gguf"), fs::file_time_type::clock::now() + std::chrono::hours(1));
  EXPECT_TRUE(ExportModel(request).value().was_complete);
  EXPECT_EQ(fs::last_write_time(Path("out/config.json")), written);

  ExpectRefused(Path("m.gguf"), Path("out"), Code::kAlreadyExists, "as bfloat16, not as float32",
                DType::kF32);
  ExpectRefused("tests/reference/tiny/tiny_q6_k.gguf", Path("out"), Code::kAlreadyExists,
                "holds an export of m.gguf, which is not");
  fs::resize_file(Path("out/model.safetensors"), 100);
  ExpectRefused(Path("m.gguf"), Path("out"), Code::kAlreadyExists, "was changed since");
}

TEST_F(ExportRefusal, WhatAKilledExportLeftIsReplaced) {
  fs::create_directory(Path(".out.redline-export"));
  Write(".out.redline-export/model.safetensors", "half");
  Write(".out.redline-export/config.json.tmp.12", "half");
  const auto result = ExportModel({.model_path = kTinyQuantGguf, .directory = Path("out")});
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  EXPECT_EQ(NamesIn(Path("out")), kFilesWithoutTokenizer);
  EXPECT_EQ(NamesIn(folder_.path()), std::vector<std::string>{"out"});
}

TEST_F(ExportRefusal, TwoExportsToOnePlace) {
  fs::create_directory(Path(".out.redline-export"));
  UniqueFd other(::open(Path(".out.redline-export").c_str(), O_RDONLY | O_DIRECTORY));
  ASSERT_EQ(::flock(other.get(), LOCK_EX), 0);
  ExpectRefused(kTinyQuantGguf, Path("out"), Code::kAlreadyExists, "another process is exporting");
  other.Reset();
  EXPECT_TRUE(ExportModel({.model_path = kTinyQuantGguf, .directory = Path("out")}).ok());
}

TEST_F(ExportRefusal, AnInterruptedExportLeavesNothing) {
  const std::atomic<bool> interrupted = true;
  const auto result = ExportModel(
      {.model_path = kTinyQuantGguf, .directory = Path("out"), .interrupted = &interrupted});
  EXPECT_EQ(result.status().code(), Code::kCancelled);
  EXPECT_TRUE(NamesIn(folder_.path()).empty());
}

// The disk fills up while the weights are written.
TEST_F(ExportRefusal, AWriteThatFailsLeavesNothing) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = ::signal(SIGXFSZ, SIG_IGN);
  const rlimit small = {16384, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto result = ExportModel({.model_path = kTinyQuantGguf, .directory = Path("out")});
  ::setrlimit(RLIMIT_FSIZE, &before);
  ::signal(SIGXFSZ, handler);
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.status().message().find("cannot write"), std::string::npos)
      << result.status().ToString();
  EXPECT_TRUE(NamesIn(folder_.path()).empty());
}

TEST(ExportSpace, IsToldWithItsArithmetic) {
  const ExportSize size = {1'000'000'000, 4, 3 << 20};
  EXPECT_TRUE(CheckExportFits(size, size.Total() + (64 << 20), "/models").ok());
  const Status status = CheckExportFits(size, int64_t{1} << 30, "/models");
  EXPECT_EQ(status.code(), Code::kResourceExhausted);
  EXPECT_EQ(status.message(),
            "not enough disk space in /models: need 3.8 GiB (1000000000 weights x 4 bytes, 3.0 MiB "
            "of tokenizer and configuration, and 64.0 MiB to spare), have 1.0 GiB; free 2.8 GiB, "
            "name a directory on another disk by --to, or take --dtype bfloat16");
  const Status half = CheckExportFits({1'000'000'000, 2, 0}, 0, "/models");
  EXPECT_EQ(half.message().find("--dtype"), std::string::npos) << half.message();
}

}  // namespace
}  // namespace redline::engine
