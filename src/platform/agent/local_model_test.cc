#include "platform/agent/local_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/files.h"
#include "base/ids.h"

namespace redline::platform {
namespace {

namespace fs = std::filesystem;
using backends::EngineFacts;
using backends::ModelFormat;
using ::testing::HasSubstr;

EngineFacts EngineThatLoads(ModelFormat format) {
  EngineFacts facts;
  facts.name = "engine";
  facts.model_format = format;
  return facts;
}

class LocalModelTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* file : {"hf/config.json", "gguf/m.Q4.GGUF", "gguf/readme", "two/a.gguf",
                             "two/b.gguf", "empty/readme"}) {
      ASSERT_TRUE(MakeDirectories((root_ / file).parent_path()).ok());
      ASSERT_TRUE(WriteFileAtomic(root_ / file, "{}").ok());
    }
  }
  void TearDown() override { fs::remove_all(root_); }

  const fs::path root_ = fs::temp_directory_path() / NewId("local-model");
};

TEST_F(LocalModelTest, WhatAnEngineIsGiven) {
  const struct {
    const char* path;
    ModelFormat format;
    const char* given;  // "": an error
    const char* message;
  } cases[] = {
      {"hf", ModelFormat::kHuggingFace, "hf", ""},
      {"hf", ModelFormat::kAny, "hf", ""},
      {"gguf/m.Q4.GGUF", ModelFormat::kAny, "gguf/m.Q4.GGUF", ""},
      {"gguf/m.Q4.GGUF", ModelFormat::kGguf, "gguf/m.Q4.GGUF", ""},
      {"gguf", ModelFormat::kGguf, "gguf/m.Q4.GGUF", ""},
      {"two", ModelFormat::kGguf, "", "has 2"},
      {"empty", ModelFormat::kGguf, "", "has 0"},
      {"empty/readme", ModelFormat::kGguf, "", "is none"},
      {"empty", ModelFormat::kHuggingFace, "", "has no config.json that can be read"},
      {"gguf/m.Q4.GGUF", ModelFormat::kHuggingFace, "", "redline export makes such a folder"},
      {"nowhere", ModelFormat::kAny, "", "on this node; the model's path is read on the worker"},
  };
  for (const auto& test : cases) {
    const auto found = FindLocalModel((root_ / test.path).string(), EngineThatLoads(test.format));
    ASSERT_EQ(found.ok(), *test.given != '\0') << test.path << found.status().message();
    EXPECT_EQ(found.ok() ? found->string() : "", *test.given ? (root_ / test.given).string() : "");
    EXPECT_THAT(found.status().message(), HasSubstr(test.message)) << test.path;
  }
}

TEST_F(LocalModelTest, WhatCannotBeReadIsSaidSo) {
  if (::geteuid() == 0) GTEST_SKIP() << "root reads everything";
  fs::permissions(root_ / "hf" / "config.json", fs::perms::none);
  const auto found =
      FindLocalModel((root_ / "hf").string(), EngineThatLoads(ModelFormat::kHuggingFace));
  EXPECT_THAT(found.status().message(), HasSubstr("cannot be read by the user"));
}

}  // namespace
}  // namespace redline::platform
