#include "planner/search/search_space.h"

#include <gtest/gtest.h>

#include <set>

#include "planner/predict/configure.h"

namespace redline::planner {
namespace {

SearchSpace SpaceFor(const std::string& engine, const std::string& model,
                     const std::string& hardware) {
  const auto known = FindModel(model);
  EXPECT_TRUE(known.ok()) << known.status().ToString();
  auto space = SpaceOf(engine, known->shape, *FindHardwareSpec(hardware));
  EXPECT_TRUE(space.ok()) << space.status().ToString();
  return *space;
}

TEST(SearchSpace, EveryCombinationOnce) {
  for (const std::string_view engine : SearchedEngines()) {
    const SearchSpace space = SpaceFor(std::string(engine), "Qwen3-4B", "h200x2");
    std::set<std::vector<std::string>> seen;
    for (int64_t number = 0; number < space.NumCombinations(); ++number) {
      EXPECT_TRUE(seen.insert(ArgumentsOf(space, CombinationAt(space, number))).second)
          << Describe(space, CombinationAt(space, number));
    }
    EXPECT_EQ(NumChanges(CombinationAt(space, 0)), 0U);
  }
}

TEST(SearchSpace, AStrideChangesOneAxisByOne) {
  const SearchSpace space = SpaceFor("sglang", "DeepSeek-V3.2", "h200x8");
  for (size_t axis = 0; axis < space.axes.size(); ++axis) {
    if (space.axes[axis].num_coarse < 2) continue;
    Choice expected(space.axes.size(), 0);
    expected[axis] = 1;
    EXPECT_EQ(CombinationAt(space, StrideOf(space, axis)), expected) << space.axes[axis].name;
  }
}

TEST(SearchSpace, AxesFollowModelAndHardware) {
  const auto has_axis = [](const SearchSpace& space, const std::string& name) {
    for (const Axis& axis : space.axes) {
      if (axis.name == name) return true;
    }
    return false;
  };
  EXPECT_TRUE(has_axis(SpaceFor("sglang", "DeepSeek-V3.2", "h200x8"), "sparse attention"));
  EXPECT_TRUE(has_axis(SpaceFor("vllm", "DeepSeek-V3.2", "h200x8"), "speculation"));
  EXPECT_FALSE(has_axis(SpaceFor("sglang", "Qwen3-4B", "h200x8"), "sparse attention"));
  EXPECT_FALSE(has_axis(SpaceFor("vllm", "Qwen3-4B", "h200x8"), "speculation"));
  // An A100 has no units for fp8.
  EXPECT_FALSE(has_axis(SpaceFor("vllm", "Qwen3-4B", "a100x8"), "KV cache"));
}

TEST(SearchSpace, TheFullSearchIsLarge) {
  int64_t combinations = 0;
  for (const std::string_view engine : SearchedEngines()) {
    combinations += SpaceFor(std::string(engine), "DeepSeek-V3.2", "h200x8").NumCombinations();
  }
  EXPECT_GT(combinations, 10'000);
}

TEST(SearchSpace, AnEngineWithoutAxesIsNamed) {
  const auto model = FindModel("Qwen3-4B");
  const auto space = SpaceOf("llama_cpp", model->shape, *FindHardwareSpec("h200"));
  EXPECT_EQ(space.status().code(), Code::kUnimplemented);
  EXPECT_NE(space.status().message().find("sglang"), std::string::npos);
}

}  // namespace
}  // namespace redline::planner
