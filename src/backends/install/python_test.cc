#include "backends/install/python.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>

#include "backends/install/tiny_engine_for_test.h"

namespace redline::backends {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

// A variable of the environment, as it was again afterwards.
class ScopedVariable {
 public:
  ScopedVariable(const char* name, const std::string& value) : name_(name) {
    if (const char* old = ::getenv(name)) old_ = old;
    ::setenv(name, value.c_str(), 1);
  }
  ~ScopedVariable() { old_.empty() ? ::unsetenv(name_) : ::setenv(name_, old_.c_str(), 1); }
  ScopedVariable(const ScopedVariable&) = delete;
  ScopedVariable& operator=(const ScopedVariable&) = delete;

 private:
  const char* name_;
  std::string old_;
};

fs::path WriteProgram(const fs::path& file, const std::string& text) {
  fs::create_directories(file.parent_path());
  std::ofstream(file) << text;
  EXPECT_EQ(::chmod(file.c_str(), 0755), 0);
  return file;
}

// A program that says it is this version of Python.
std::string Claims(const std::string& version) { return "#!/bin/sh\necho " + version + "\n"; }

TEST(PythonTest, NamesAreNormalized) {
  const struct {
    std::string name;
    std::string normalized;
  } cases[] = {{"Flash_Attn.x", "flash-attn-x"}, {"a--__..b", "a-b"}, {"PyYAML", "pyyaml"},
               {"jaraco.text", "jaraco-text"},   {"_a_", "-a-"},      {"", ""},
               {"\xc3\x84", "\xc3\x84"}};
  for (const auto& each : cases) EXPECT_EQ(NormalizedName(each.name), each.normalized);
}

TEST(PythonTest, OutputsAreTaken) {
  const struct {
    std::vector<std::string> argv;
    std::string output;
    std::string error;
  } cases[] = {
      {{"/bin/sh", "-c", "echo out; echo err >&2"}, "out\nerr\n", ""},
      {{"/bin/true"}, "", ""},
      {{"/bin/sh", "-c", "printf 'a\\nb\\nc\\nd\\033\\n'; exit 3"},
       "",
       "/bin/sh: exit code 3: b | c | d\\x1b"},
      {{"/bin/false"}, "", "/bin/false: exit code 1: "},
      {{"/bin/sh", "-c", "kill -9 $$"}, "", "killed by signal 9"},
      {{"/no/such/program"}, "", "/no/such/program"},
      {{"/tmp"}, "", "/tmp"},
      {{""}, "", "No such file"},
  };
  for (const auto& each : cases) {
    const auto output = OutputOf(each.argv, 20);
    EXPECT_EQ(output.ok(), each.error.empty()) << each.argv.front();
    if (output.ok()) {
      EXPECT_EQ(*output, each.output);
      continue;
    }
    EXPECT_EQ(output.status().code(), Code::kFailedPrecondition);
    EXPECT_THAT(output.status().message(), HasSubstr(each.error));
  }
}

TEST(PythonTest, LongOutputsKeepTheirEnd) {
  const auto output = OutputOf({"/bin/sh", "-c", "yes line | head -n 100000; echo end"}, 60);
  ASSERT_TRUE(output.ok());
  EXPECT_LE(output->size(), 64u << 10);
  EXPECT_TRUE(output->ends_with("line\nend\n"));
}

TEST(PythonTest, WhatDoesNotEndIsEnded) {
  const auto output = OutputOf({"/bin/sh", "-c", "sleep 600"}, 0.2);
  EXPECT_EQ(output.status().code(), Code::kFailedPrecondition);
  EXPECT_EQ(output.status().message(), "/bin/sh did not end within 200ms");
}

TEST(PythonTest, WhatWritesWithoutEndIsEnded) {
  const auto output = OutputOf({"/bin/sh", "-c", "while :; do printf '%01000d' 0; done"}, 60);
  EXPECT_EQ(output.status().message(), "/bin/sh wrote more than 4.0 MiB");
}

TEST(PythonTest, NothingIsLeftInTheTemporaryFolder) {
  TestFolder folder;
  const ScopedVariable variable("TMPDIR", folder.path().string());
  EXPECT_TRUE(OutputOf({"/bin/true"}, 20).ok());
  EXPECT_FALSE(OutputOf({"/bin/false"}, 20).ok());
  EXPECT_FALSE(OutputOf({"/no/such/program"}, 20).ok());
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(PythonTest, ATemporaryFolderThatIsNotThereIsNoMatter) {
  const ScopedVariable variable("TMPDIR", "/no/such/folder");
  EXPECT_TRUE(OutputOf({"/bin/true"}, 20).ok());
}

TEST(PythonTest, ProgramsAreFoundOnPath) {
  TestFolder folder;
  WriteProgram(folder.path() / "b/tool", "");
  fs::create_directories(folder.path() / "a/tool");  // a folder of that name is no program
  std::ofstream(folder.path() / "a/text") << "no program";
  const std::string in = folder.path().string();
  const ScopedVariable variable("PATH", in + "/absent::" + in + "/a:" + in + "/b");
  EXPECT_EQ(FindOnPath("tool"), in + "/b/tool");
  EXPECT_EQ(FindOnPath("text"), "");
  EXPECT_EQ(FindOnPath("nothing"), "");
}

TEST(PythonTest, TheFirstThatFitsIsTaken) {
  TestFolder folder;
  InstallRecipe recipe = TinyRecipe();
  recipe.python_from = "3.10";
  recipe.python_before = "3.13";
  WriteProgram(folder.path() / "python3", Claims("3.13.1"));
  WriteProgram(folder.path() / "python3.11", "#!/bin/sh\necho no ensurepip >&2; exit 1\n");
  WriteProgram(folder.path() / "python3.12", Claims("3.12.4"));
  const ScopedVariable variable("PATH", folder.path().string() + ":/bin");
  const auto python = FindPython(recipe, "");
  ASSERT_TRUE(python.ok()) << python.status().ToString();
  EXPECT_EQ(python->program, (folder.path() / "python3.12").string());
  EXPECT_EQ(python->version, "3.12.4");
}

TEST(PythonTest, WhenNoneFitsAllAreNamed) {
  TestFolder folder;
  InstallRecipe recipe = TinyRecipe();
  recipe.python_from = "3.10";
  recipe.python_before = "3.13";
  const std::string old = WriteProgram(folder.path() / "python3", Claims("3.9.2")).string();
  WriteProgram(folder.path() / "python3.11", "#!/bin/sh\necho no ensurepip >&2; exit 1\n");
  const ScopedVariable variable("PATH", folder.path().string() + ":/bin");
  const struct {
    std::string wanted;
    std::string found;
  } cases[] = {
      {"", old + " (3.9.2), "},
      {"", "python3.11: exit code 1: no ensurepip"},
      {old, "found: " + old + " (3.9.2). Install one"},
      {"/bin/false", "found: /bin/false (/bin/false: exit code 1: )"},
      {"/no/python", "found: /no/python ("},
      {"python9", "found: python9 (not on PATH)"},
      {"python3.12", "found: python3.12 (not on PATH)"},
  };
  for (const auto& each : cases) {
    const auto python = FindPython(recipe, each.wanted);
    EXPECT_EQ(python.status().code(), Code::kFailedPrecondition) << each.wanted;
    EXPECT_EQ(python.status().param(), "python");
    EXPECT_THAT(python.status().message(),
                HasSubstr("tiny@1.0 needs Python 3.10 or later, before 3.13, with venv"));
    EXPECT_THAT(python.status().message(), HasSubstr(each.found));
    EXPECT_THAT(python.status().message(), HasSubstr("python3-venv) or name it with --python"));
  }
}

TEST(PythonTest, AnEnvironmentWithoutPythonIsToldSo) {
  TestFolder folder;
  EXPECT_EQ(DistributionsOf(folder.path()).status().code(), Code::kFailedPrecondition);
  EXPECT_EQ(SitePackagesOf(folder.path()).status().code(), Code::kFailedPrecondition);
}

}  // namespace
}  // namespace redline::backends
