#include "app/workers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace redline::app {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr int64_t kGiB = int64_t{1} << 30;

json Gpu(const char* name, int64_t free_gib) {
  return {{"name", name},
          {"compute_capability", 90},
          {"numa_node", 1},
          {"memory_total_bytes", 140 * kGiB},
          {"memory_available_bytes", free_gib * kGiB}};
}

json Worker() {
  return {{"name", "node-1"},
          {"state", "READY"},
          {"device_model", "Some CPU"},
          {"num_devices", 8},
          {"memory_total_bytes", 16 * kGiB},
          {"memory_available_bytes", 12 * kGiB}};
}

TEST(WorkersTest, WithoutGpus) {
  EXPECT_EQ(
      WorkersTable(json::array({Worker()})),
      "NAME    KIND  STATE  GPUS  GPU MEMORY FREE  CPU       THREADS  MEMORY FREE\n"
      "node-1  real  READY  -     -                Some CPU  8        12.0 GiB of 16.0 GiB\n");
  EXPECT_THAT(WorkerText(Worker()), HasSubstr("GPUs:     none"));
}

TEST(WorkersTest, WithGpus) {
  json worker = Worker();
  worker["cpu"] = {{"model", "Big CPU"}, {"sockets", 2}, {"cores", 1}, {"threads", 128}};
  worker["gpus"] = {Gpu("NVIDIA H200", 139), Gpu("T4", 0), Gpu("NVIDIA H200", 9)};
  worker["device_problems"] = {"GPU 3 is lost: \x1b reboot"};
  const std::string table = WorkersTable(json::array({worker}));
  EXPECT_THAT(table, HasSubstr("2 x NVIDIA H200 + 1 x T4  148.0 GiB of 420.0 GiB"));
  EXPECT_THAT(table, HasSubstr("Big CPU  128"));
  const std::string text = WorkerText(worker);
  EXPECT_THAT(text, HasSubstr("2 sockets, 1 core, 128 threads\n"));
  EXPECT_THAT(text, HasSubstr("NVIDIA H200  9.0           9.0 GiB of 140.0 GiB"));
  EXPECT_THAT(text, HasSubstr("Problems:\n  GPU 3 is lost: \\x1b reboot"));
  EXPECT_THAT(text, Not(HasSubstr("none")));
}

TEST(WorkersTest, AVirtualOneHasGpusAloneAndSaysWhatItIs) {
  json worker = Worker();
  worker["virtual"] = true;
  worker["gpus"] = {Gpu("NVIDIA H200", 140)};
  const std::string table = WorkersTable(json::array({worker}));
  EXPECT_THAT(table, HasSubstr("node-1  virtual  READY  1 x NVIDIA H200"));
  EXPECT_THAT(table, Not(HasSubstr("Some CPU")));
  EXPECT_THAT(WorkerText(worker), HasSubstr("Kind:     virtual"));
  EXPECT_THAT(WorkerText(worker), Not(HasSubstr("Some CPU")));
}

}  // namespace
}  // namespace redline::app
