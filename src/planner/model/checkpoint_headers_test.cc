// Shapes against the headers of real safetensors files: every number that the file holds is one
// that the shape counts.
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "base/files.h"
#include "planner/model/model_shape_reader.h"
#include "planner/model/weight_totals.h"

namespace redline::planner {
namespace {

const std::filesystem::path kModels = "../shared/data/models";

struct Stored {
  int64_t parameters = 0;
  int64_t bytes = 0;
};

// The header is its length in eight bytes and JSON: {"name": {"shape": [...], ...}}.
Stored StoredIn(const std::filesystem::path& path) {
  const std::string file = ReadFile(path).value();
  uint64_t length = 0;
  std::memcpy(&length, file.data(), sizeof(length));
  const auto header = nlohmann::json::parse(file.substr(8, length));
  Stored stored;
  for (const auto& [name, tensor] : header.items()) {
    if (name == "__metadata__") continue;
    int64_t numbers = 1;
    for (const int64_t size : tensor.at("shape")) numbers *= size;
    stored.parameters += numbers;
    stored.bytes +=
        tensor.at("data_offsets")[1].get<int64_t>() - tensor.at("data_offsets")[0].get<int64_t>();
  }
  return stored;
}

class CheckpointHeadersTest : public ::testing::TestWithParam<const char*> {};

TEST_P(CheckpointHeadersTest, NothingIsMissing) {
  const std::filesystem::path folder = kModels / GetParam();
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "NOT TESTED: " << folder << " is absent";
  const auto shape = ModelShapeFromText(ReadFile(folder / "config.json").value());
  ASSERT_TRUE(shape.ok()) << shape.status().ToString();
  const Stored stored = StoredIn(folder / "model.safetensors");
  EXPECT_EQ(ParametersOf(*shape).Total(), stored.parameters);
  EXPECT_EQ(BytesOf(*shape).Total(), stored.bytes);
}

INSTANTIATE_TEST_SUITE_P(Models, CheckpointHeadersTest,
                         ::testing::Values("tiny-random-dsv32-hf", "stories260K-hf"));

}  // namespace
}  // namespace redline::planner
