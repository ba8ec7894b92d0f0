#include "engine/weights/safetensors_reader.h"

#include <gtest/gtest.h>

#include <cstring>

#include "engine/weights/test_files.h"

namespace redline::engine {
namespace {

Result<std::unique_ptr<SafetensorsFile>> Open(const std::string& bytes) {
  return SafetensorsFile::Open(MapBytes(bytes));
}

TEST(SafetensorsReader, ReadsTensors) {
  const std::string header = R"({"__metadata__":{"format":"pt"},)"
                             R"("a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},)"
                             R"("b":{"dtype":"BF16","shape":[2],"data_offsets":[8,12]},)"
                             R"("scalar":{"dtype":"F16","shape":[],"data_offsets":[12,14]}})";
  auto file = Open(SafetensorsBytes(header, std::string(14, '\1')));
  ASSERT_TRUE(file.ok()) << file.status().ToString();
  ASSERT_EQ((*file)->tensors().size(), 3u);
  const TensorView& first = (*file)->tensors()[0];
  EXPECT_EQ(first.name, "a");
  EXPECT_EQ(first.dtype, DType::kF32);
  EXPECT_EQ(first.shape, (std::vector<int64_t>{2, 1}));
  EXPECT_EQ(first.num_bytes, 8);
  EXPECT_EQ((*file)->tensors()[1].dtype, DType::kBF16);
  EXPECT_EQ((*file)->tensors()[2].NumElements(), 1);
}

TEST(SafetensorsReader, RealignsTensorsOfOldFiles) {
  std::string header = R"({"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})";
  header.resize((header.size() + 7) / 8 * 8 + 1, ' ');
  auto file = Open(SafetensorsBytes(header, std::string("\0\0\x80\x3f", 4)));
  ASSERT_TRUE(file.ok()) << file.status().ToString();
  const std::byte* data = (*file)->tensors().front().data;
  EXPECT_EQ(reinterpret_cast<uintptr_t>(data) % 4, 0u);
  EXPECT_EQ(*reinterpret_cast<const float*>(data), 1.0f);
}

struct DamagedFile {
  const char* name;
  std::string bytes;
  Code code;
  const char* message;
};

std::string Nested(int depth) {
  return std::string(static_cast<size_t>(depth), '[') +
         std::string(static_cast<size_t>(depth), ']');
}

std::vector<DamagedFile> DamagedFiles() {
  const std::string data(16, '\0');
  const auto one = [&](const std::string& entry) {
    return SafetensorsBytes("{\"t\":" + entry + "}", data);
  };
  const std::string huge_length("\xff\xff\xff\xff\xff\xff\xff\x7f", 8);
  const std::string beyond_length("\x40\0\0\0\0\0\0\0", 8);
  return {
      {"four bytes", "abcd", Code::kDataLoss, "header length"},
      {"header of 2^63 bytes", huge_length + "{}", Code::kDataLoss, "claims a header"},
      {"header longer than the file", beyond_length + "{}", Code::kDataLoss, "claims a header"},
      {"empty header", SafetensorsBytes("", data), Code::kDataLoss, "not valid JSON"},
      {"no JSON", SafetensorsBytes("hello", data), Code::kDataLoss, "not valid JSON"},
      {"JSON with a tail", SafetensorsBytes("{} {}", data), Code::kDataLoss, "not valid JSON"},
      {"a list", SafetensorsBytes("[]", data), Code::kDataLoss, "not a JSON object"},
      {"deeply nested", SafetensorsBytes("{\"t\":" + Nested(100'000) + "}", data), Code::kDataLoss,
       "nested deeper"},
      {"a number out of range", one(R"({"dtype":"F32","shape":[1e999],"data_offsets":[0,4]})"),
       Code::kDataLoss, "not valid JSON"},
      {"duplicate tensor",
       SafetensorsBytes(R"({"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                        R"("t":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
                        data),
       Code::kDataLoss, "duplicate key \"t\""},
      {"a tensor that is no object", one("7"), Code::kDataLoss, "needs dtype"},
      {"no dtype", one(R"({"shape":[1],"data_offsets":[0,4]})"), Code::kDataLoss, "needs dtype"},
      {"unknown dtype", one(R"({"dtype":"F33","shape":[1],"data_offsets":[0,4]})"), Code::kDataLoss,
       "F33"},
      {"a dtype this engine lacks", one(R"({"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]})"),
       Code::kUnimplemented, "F8_E4M3"},
      {"negative extent", one(R"({"dtype":"F32","shape":[-1],"data_offsets":[0,4]})"),
       Code::kDataLoss, "damaged shape"},
      {"extent of 2^64 - 1",
       one(R"({"dtype":"F32","shape":[18446744073709551615],"data_offsets":[0,4]})"),
       Code::kDataLoss, "damaged shape"},
      {"product of 2^64",
       one(R"({"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]})"),
       Code::kDataLoss, "impossible shape"},
      {"zero extent", one(R"({"dtype":"F32","shape":[0],"data_offsets":[0,0]})"), Code::kDataLoss,
       "impossible shape"},
      {"nine dimensions",
       one(R"({"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,4]})"), Code::kDataLoss,
       "damaged shape"},
      {"offsets backwards", one(R"({"dtype":"F32","shape":[1],"data_offsets":[8,4]})"),
       Code::kDataLoss, "damaged data_offsets"},
      {"one offset", one(R"({"dtype":"F32","shape":[1],"data_offsets":[4]})"), Code::kDataLoss,
       "damaged data_offsets"},
      {"offsets of another length", one(R"({"dtype":"F32","shape":[2],"data_offsets":[0,4]})"),
       Code::kDataLoss, "needs 8 bytes but has 4"},
      {"past the end", one(R"({"dtype":"F32","shape":[4],"data_offsets":[8,24]})"), Code::kDataLoss,
       "\"t\""},
      {"offsets near 2^63",
       one(R"({"dtype":"F32","shape":[1],"data_offsets":[9223372036854775803,9223372036854775807]})"),
       Code::kDataLoss, "\"t\""},
      {"overlap",
       SafetensorsBytes(R"({"t":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                        R"("u":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})",
                        data),
       Code::kDataLoss, "overlap"},
  };
}

TEST(SafetensorsReader, RefusesDamagedFilesByName) {
  for (const DamagedFile& c : DamagedFiles()) {
    auto file = Open(c.bytes);
    ASSERT_FALSE(file.ok()) << c.name;
    EXPECT_EQ(file.status().code(), c.code) << c.name << ": " << file.status().ToString();
    EXPECT_NE(file.status().message().find(c.message), std::string::npos)
        << c.name << ": " << file.status().ToString();
    EXPECT_EQ(file.status().message().rfind("memory: ", 0), 0u) << "the file's name comes first";
  }
}

TEST(SafetensorsReader, RefusesAHeaderWithTooManyValues) {
  std::string header = "{\"__metadata__\":[0";
  for (int i = 0; i < 1'000'000; ++i) header += ",0";
  auto file = Open(SafetensorsBytes(header + "]}", "x"));
  ASSERT_FALSE(file.ok());
  EXPECT_NE(file.status().message().find("more than 1000000 values"), std::string::npos);
}

}  // namespace
}  // namespace redline::engine
