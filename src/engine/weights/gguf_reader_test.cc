#include "engine/weights/gguf_reader.h"

#include <gtest/gtest.h>

#include "engine/weights/gguf_builder.h"
#include "engine/weights/test_files.h"

namespace redline::engine {
namespace {

constexpr uint64_t kHuge = uint64_t{1} << 63;

Result<std::unique_ptr<GgufFile>> Open(const std::string& bytes) {
  return GgufFile::Open(MapBytes(bytes));
}

TEST(GgufReader, ReadsEveryKindOfValue) {
  for (const uint32_t version : {2u, 3u}) {
    GgufBuilder builder;
    builder.Version(version)
        .Int("int", 7)
        .Float("float", 0.5f)
        .Bool("bool", true)
        .String("string", "text")
        .Strings("strings", {"a", "", "ccc"})
        .Numbers<int32_t>("ints", GgufType::kInt32, {1, -2})
        .Numbers<float>("floats", GgufType::kFloat32, {1.5f})
        .Key("negative", GgufType::kInt8, "\xff")
        .Key("int64", GgufType::kInt64, GgufBuilder::Bytes(int64_t{-5}))
        .Key("uint64", GgufType::kUint64, GgufBuilder::Bytes(uint64_t{1} << 40))
        .Key("double", GgufType::kFloat64, GgufBuilder::Bytes(0.25))
        .F32("weights", {3, 2}, 2.0f);
    auto gguf = Open(builder.Build());
    ASSERT_TRUE(gguf.ok()) << gguf.status().ToString();
    EXPECT_EQ((*gguf)->Int("int").value(), 7);
    EXPECT_EQ((*gguf)->Int("negative").value(), -1);
    EXPECT_EQ((*gguf)->Int("int64").value(), -5);
    EXPECT_EQ((*gguf)->Int("uint64").value(), int64_t{1} << 40);
    EXPECT_EQ((*gguf)->Int("absent").value(), std::nullopt);
    EXPECT_EQ((*gguf)->Float("float").value(), 0.5);
    EXPECT_EQ((*gguf)->Float("double").value(), 0.25);
    EXPECT_EQ((*gguf)->Bool("bool").value(), true);
    EXPECT_EQ((*gguf)->String("string").value(), "text");
    EXPECT_EQ((*gguf)->Strings("strings").value(), (std::vector<std::string>{"a", "", "ccc"}));
    EXPECT_EQ((*gguf)->Strings("absent").value(), std::vector<std::string>());
    EXPECT_EQ((*gguf)->Ints("ints").value(), (std::vector<int32_t>{1, -2}));
    EXPECT_EQ((*gguf)->Floats("floats").value(), std::vector<float>{1.5f});
    ASSERT_EQ((*gguf)->tensors().size(), 1u);
    const TensorView& view = (*gguf)->tensors().front();
    EXPECT_EQ(view.name, "weights");
    EXPECT_EQ(view.shape, (std::vector<int64_t>{2, 3}));
    EXPECT_EQ(view.num_bytes, 24);
    EXPECT_EQ(*reinterpret_cast<const float*>(view.data), 2.0f);
  }
}

TEST(GgufReader, AValueOfAnotherTypeIsAnErrorThatNamesTheKey) {
  auto gguf = Open(GgufBuilder().String("key", "x").Strings("list", {"x"}).Build());
  ASSERT_TRUE(gguf.ok());
  const Status statuses[] = {(*gguf)->Int("key").status(), (*gguf)->Float("key").status(),
                             (*gguf)->Bool("key").status(), (*gguf)->String("list").status(),
                             (*gguf)->Strings("key").status()};
  for (const Status& status : statuses) EXPECT_EQ(status.code(), Code::kDataLoss);
  EXPECT_EQ((*gguf)->Ints("list").status().code(), Code::kDataLoss);
  EXPECT_EQ((*gguf)->Floats("list").status().code(), Code::kDataLoss);
  EXPECT_NE(statuses[0].message().find("\"key\""), std::string::npos);
}

struct DamagedFile {
  const char* name;
  std::string bytes;
  Code code;
  const char* message;  // part of it
};

std::string Array(GgufType type, uint64_t count) {
  return GgufBuilder::Bytes(type) + GgufBuilder::Bytes(count);
}

std::vector<DamagedFile> DamagedFiles() {
  const auto valid = [] { return GgufBuilder().Int("k", 1).F32("t", {8}); };
  return {
      {"other magic", "GGML" + valid().Build().substr(4), Code::kDataLoss, "not a GGUF"},
      {"only a magic", "GGUF", Code::kDataLoss, "version"},
      {"version 1", valid().Version(1).Build(), Code::kUnimplemented, "version 1"},
      {"big-endian", valid().Version(0x03000000).Build(), Code::kUnimplemented, "big-endian"},
      {"2^63 keys", valid().ClaimKeys(kHuge).Build(), Code::kDataLoss, "keys"},
      {"2^63 tensors", valid().ClaimTensors(kHuge).Build(), Code::kDataLoss, "tensors"},
      {"more keys than there are", valid().ClaimKeys(5).Build(), Code::kDataLoss, "ends inside"},
      {"key of 2^63 bytes",
       GgufBuilder()
           .Key("", GgufType::kUint8, GgufBuilder::Bytes(kHuge))
           .ClaimKeys(2)
           .Data(64)
           .Build(),
       Code::kDataLoss, "key"},
      {"string of 2^63 bytes",
       valid().Key("s", GgufType::kString, GgufBuilder::Bytes(kHuge)).Build(), Code::kDataLoss,
       "string"},
      {"array of 2^63 elements",
       valid().Key("a", GgufType::kArray, Array(GgufType::kInt64, kHuge)).Build(), Code::kDataLoss,
       "\"a\" claims"},
      {"array of 2^61 8-byte elements, 2^64 bytes",
       valid().Key("a", GgufType::kArray, Array(GgufType::kInt64, uint64_t{1} << 61)).Build(),
       Code::kDataLoss, "\"a\" claims"},
      {"array of 2^63 strings",
       valid().Key("a", GgufType::kArray, Array(GgufType::kString, kHuge)).Build(), Code::kDataLoss,
       "\"a\" claims"},
      {"nested arrays", valid().Key("a", GgufType::kArray, Array(GgufType::kArray, 1)).Build(),
       Code::kDataLoss, "unsupported type 9"},
      {"unknown value type", valid().Key("v", static_cast<GgufType>(13), "").Build(),
       Code::kDataLoss, "unsupported type 13"},
      {"duplicate key", valid().Int("k", 2).Build(), Code::kDataLoss, "\"k\" is there twice"},
      {"duplicate tensor", valid().F32("t", {8}).Build(), Code::kDataLoss, "\"t\" is there twice"},
      {"alignment 2^31", valid().Int("general.alignment", 1u << 31).Build(), Code::kDataLoss,
       "general.alignment"},
      {"alignment 0", valid().Int("general.alignment", 0).Build(), Code::kDataLoss,
       "general.alignment"},
      {"alignment 48", valid().Int("general.alignment", 48).Build(), Code::kDataLoss,
       "general.alignment"},
      {"alignment of another type", valid().String("general.alignment", "32").Build(),
       Code::kDataLoss, "general.alignment"},
      {"no dimensions", GgufBuilder().Info("t", {}, 0, 0).Data(64).Build(), Code::kDataLoss,
       "0 dimensions"},
      {"five dimensions", GgufBuilder().Info("t", {1, 1, 1, 1, 1}, 0, 0).Data(64).Build(),
       Code::kDataLoss, "5 dimensions"},
      {"a zero dimension", GgufBuilder().Info("t", {0, 4}, 0, 0).Data(64).Build(), Code::kDataLoss,
       "impossible shape"},
      {"a dimension of 2^63", GgufBuilder().Info("t", {kHuge}, 0, 0).Data(64).Build(),
       Code::kDataLoss, "impossible shape"},
      {"dimensions whose product is 2^64",
       GgufBuilder().Info("t", {uint64_t{1} << 32, uint64_t{1} << 32}, 0, 0).Data(64).Build(),
       Code::kDataLoss, "impossible shape"},
      {"rows of half a block", GgufBuilder().Info("t", {48}, 3, 0).Data(64).Build(),
       Code::kDataLoss, "multiple of 32"},
      {"rows of one block and a bit", GgufBuilder().Info("t", {288, 2}, 12, 0).Data(512).Build(),
       Code::kDataLoss, "\"t\" has rows of 288 elements; q4_k needs a multiple of 256"},
      {"larger than the file", GgufBuilder().Info("t", {1024}, 0, 0).Data(64).Build(),
       Code::kDataLoss, "\"t\""},
      {"offset past the end", GgufBuilder().Info("t", {8}, 0, 1 << 20).Data(64).Build(),
       Code::kDataLoss, "past the file's end"},
      {"offset of 2^64 - 32", GgufBuilder().Info("t", {8}, 0, ~uint64_t{31}).Data(64).Build(),
       Code::kDataLoss, "past the file's end"},
      {"offset not aligned", GgufBuilder().Info("t", {8}, 0, 4).Data(64).Build(), Code::kDataLoss,
       "not aligned"},
      {"overlapping tensors",
       GgufBuilder().Info("t", {16}, 0, 0).Info("u", {8}, 0, 32).Data(64).Build(), Code::kDataLoss,
       "overlap"},
      {"unknown tensor type", GgufBuilder().Info("t", {8}, 999, 0).Data(64).Build(),
       Code::kDataLoss, "unknown type 999"},
      {"a type this engine lacks", GgufBuilder().Info("t", {256}, 10, 0).Data(256).Build(),
       Code::kUnimplemented, "has type Q2_K; this engine reads F32, F16, Q4_0"},
      {"a long tensor name", GgufBuilder().Info(std::string(300, 'x'), {8}, 0, 0).Data(64).Build(),
       Code::kDataLoss, "300 bytes long"},
  };
}

TEST(GgufReader, RefusesDamagedFilesByName) {
  for (const DamagedFile& c : DamagedFiles()) {
    auto gguf = Open(c.bytes);
    ASSERT_FALSE(gguf.ok()) << c.name;
    EXPECT_EQ(gguf.status().code(), c.code) << c.name << ": " << gguf.status().ToString();
    EXPECT_NE(gguf.status().message().find(c.message), std::string::npos)
        << c.name << ": " << gguf.status().ToString();
    EXPECT_EQ(gguf.status().message().rfind("memory: ", 0), 0u) << "the file's name comes first";
  }
}

TEST(GgufReader, RefusesAFileCutShortAnywhere) {
  const std::string whole =
      GgufBuilder().Int("k", 1).Strings("s", {"a", "bc"}).F32("t", {8}).F32("u", {8, 2}).Build();
  ASSERT_TRUE(Open(whole).ok());
  for (size_t size = 1; size < whole.size(); ++size)
    EXPECT_FALSE(Open(whole.substr(0, size)).ok()) << size;
}

}  // namespace
}  // namespace redline::engine
