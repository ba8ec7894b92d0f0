#include "workload/load_workload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/files.h"

namespace redline::workload {
namespace {

using ::testing::HasSubstr;

class LoadWorkloadTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(MakeDirectories(folder_).ok()); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string File(const std::string& name, const std::string& text) const {
    EXPECT_TRUE(WriteFileAtomic(folder_ / name, text).ok());
    return folder_ / name;
  }
  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("load_workload_test." + std::to_string(getpid()));
};

TEST_F(LoadWorkloadTest, NamesAndFiles) {
  EXPECT_EQ(LoadWorkload("medium")->num_requests, 500);
  EXPECT_EQ(LoadWorkload(File("a.yaml", "name: a\ninput_tokens: 5\noutput_tokens: 6"))->name, "a");
  EXPECT_EQ(
      LoadWorkload(File("b.json", R"({"name":"b","input_tokens":5,"output_tokens":6})"))->name,
      "b");
}

TEST_F(LoadWorkloadTest, DatasetsAreBesideTheFile) {
  const auto relative =
      LoadWorkload(File("a.yaml", "name: a\ndataset: {format: azure, path: x/trace.csv}"));
  ASSERT_TRUE(relative.ok()) << relative.status().ToString();
  EXPECT_EQ(relative->dataset.path, folder_ / "x/trace.csv");
  const auto absolute =
      LoadWorkload(File("b.yaml", "name: a\ndataset: {format: azure, path: /x/trace.csv}"));
  ASSERT_TRUE(absolute.ok());
  EXPECT_EQ(absolute->dataset.path, "/x/trace.csv");
}

TEST_F(LoadWorkloadTest, ErrorsNameTheFile) {
  EXPECT_THAT(LoadWorkload("mediun").status().message(), HasSubstr("did you mean \"medium\""));
  EXPECT_EQ(LoadWorkload(folder_ / "absent.yaml").status().code(), Code::kNotFound);
  const auto wrong = LoadWorkload(File("a.yaml", "name: a\ninput_token: 5"));
  EXPECT_EQ(wrong.status().param(), "input_token");
  EXPECT_THAT(wrong.status().message(), HasSubstr("a.yaml: unknown field"));
}

}  // namespace
}  // namespace redline::workload
