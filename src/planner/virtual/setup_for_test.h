// A virtual setup for tests.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "planner/virtual/virtual_setup.h"

namespace redline::planner {

inline std::unique_ptr<const VirtualSetup> SetupForTest(std::string engine = "sglang@0.5.6.post2",
                                                        std::vector<std::string> arguments = {
                                                            "--tp-size", "8", "--enable-metrics"}) {
  auto setup = MakeVirtualSetup({.engine = std::move(engine),
                                 .model = "DeepSeek-V3.2",
                                 .hardware = "H200x8",
                                 .arguments = std::move(arguments)});
  EXPECT_TRUE(setup.ok()) << setup.status().ToString();
  return std::move(setup).value();
}

}  // namespace redline::planner
