#include "engine/kernels/registry.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>

namespace redline::engine {
namespace {

TEST(KernelRegistryTest, ReferenceIsAlwaysThereAndTheFastestIsTheDefault) {
  const auto available = AvailableKernels();
  ASSERT_FALSE(available.empty());
  EXPECT_EQ(available.front()->name, "ref");
  unsetenv("REDLINE_ISA");
  const KernelSet* fastest = SelectKernels().value();
  EXPECT_EQ(SelectKernels().value(), fastest);
  if (available.back()->name == "avx512_bf16" && fastest != available.back())
    EXPECT_EQ(fastest->name, "avx512_vnni");
  else
    EXPECT_EQ(fastest, available.back());
}

TEST(KernelRegistryTest, EnvironmentForcesASet) {
  setenv("REDLINE_ISA", "ref", 1);
  EXPECT_EQ(SelectKernels().value()->name, "ref");
  setenv("REDLINE_ISA", "sse9", 1);
  const Status status = SelectKernels().status();
  unsetenv("REDLINE_ISA");
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_NE(status.message().find("sse9"), std::string::npos);
  EXPECT_NE(status.message().find("ref"), std::string::npos);
}

TEST(KernelRegistryTest, EverySetHasItsName) {
  auto name = kKernelNames.begin();
  for (const KernelSet* kernels : AvailableKernels()) {
    name = std::find(name, kKernelNames.end(), kernels->name);
    ASSERT_NE(name, kKernelNames.end()) << kernels->name << " is not there, or not in this order";
  }
  EXPECT_EQ(SelectKernels("sse9").status().param(), "kernels");
}

TEST(KernelRegistryTest, EverySetIsComplete) {
  for (const KernelSet* kernels : AvailableKernels()) {
    EXPECT_TRUE(kernels->matmul && kernels->attention && kernels->kv_store && kernels->rms_norm &&
                kernels->rope && kernels->silu_mul && kernels->argmax && kernels->log_sum_exp)
        << kernels->name;
    EXPECT_EQ(SelectKernels(kernels->name).value(), kernels);
  }
}

}  // namespace
}  // namespace redline::engine
