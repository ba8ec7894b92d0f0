#include "platform/server/controllers.h"

#include <gtest/gtest.h>

namespace redline::platform {
namespace {

using spec::InstanceState;

constexpr int64_t kGiB = int64_t{1} << 30;

// A world in which batches are applied as the cluster would, on a clock that stands still.
class ControllersTest : public testing::Test {
 protected:
  void AddDeployment(const std::string& name, int64_t replicas) {
    spec::Deployment deployment;
    deployment.name = name;
    deployment.replicas = replicas;
    state_.deployments.push_back(deployment);
  }
  void AddWorker(const std::string& id, int64_t memory_bytes) {
    WorkerRecord record;
    record.worker.id = id;
    record.worker.name = "host-" + id;
    record.worker.memory_total_bytes = memory_bytes;
    record.worker.memory_available_bytes = memory_bytes;
    record.last_seen = now_.monotonic;
    state_.workers.push_back(record);
  }
  void Wait(double seconds) {
    now_.monotonic +=
        std::chrono::duration_cast<MonotonicTime::duration>(std::chrono::duration<double>(seconds));
    now_.unix_ms += static_cast<int64_t>(seconds * 1000);
  }
  // One pass; then a second one must have nothing left to do.
  WriteBatch Run() {
    const WriteBatch batch = Reconcile(state_, need_, now_);
    Apply(batch);
    EXPECT_TRUE(Reconcile(state_, need_, now_).empty()) << "not idempotent";
    return batch;
  }
  void Apply(const WriteBatch& batch) {
    for (const auto& name : batch.delete_deployments)
      std::erase_if(state_.deployments, [&](const auto& each) { return each.name == name; });
    for (const auto& id : batch.delete_instances)
      std::erase_if(state_.instances, [&](const auto& each) { return each.instance.id == id; });
    for (const auto& stored : batch.put_instances) {
      auto* known = Find(stored.instance.id);
      if (known != nullptr) *known = stored;
      if (known == nullptr) state_.instances.push_back(stored);
    }
    for (const auto& worker : batch.put_workers) {
      for (auto& each : state_.workers) {
        if (each.worker.id == worker.id) each.worker = worker;
      }
    }
  }
  StoredInstance* Find(const std::string& id) {
    for (auto& stored : state_.instances) {
      if (stored.instance.id == id) return &stored;
    }
    return nullptr;
  }
  void ReportAll(InstanceState state) {
    for (auto& stored : state_.instances) stored.instance.state = state;
  }
  int NumWanted() const {
    return static_cast<int>(std::count_if(state_.instances.begin(), state_.instances.end(),
                                          [](const auto& each) { return each.wanted; }));
  }

  ClusterState state_;
  int64_t needed_bytes_ = kGiB;
  MemoryNeed need_ = [this](const spec::Deployment&) -> Result<int64_t> { return needed_bytes_; };
  Moment now_{MonotonicNow(), 1000};
};

TEST_F(ControllersTest, CreatesAndPlacesReplicas) {
  AddDeployment("a", 3);
  AddWorker("w", 10 * kGiB);
  const WriteBatch batch = Run();
  ASSERT_EQ(state_.instances.size(), 3u);
  for (const auto& stored : state_.instances) {
    EXPECT_EQ(stored.instance.state, InstanceState::kScheduled);
    EXPECT_EQ(stored.instance.worker, "w");
    EXPECT_EQ(stored.instance.generation, 1);
    EXPECT_TRUE(stored.instance.id.starts_with("inst-"));
  }
  EXPECT_EQ(batch.events.size(), 3u);
}

TEST_F(ControllersTest, WaitsForAWorkerAndThenForMemory) {
  AddDeployment("a", 2);
  EXPECT_EQ(Run().events.size(), 2u);
  EXPECT_EQ(state_.instances[0].instance.reason, "waiting for the first worker");
  AddWorker("w", kGiB + kGiB / 2);
  Run();
  EXPECT_EQ(state_.instances[0].instance.state, InstanceState::kScheduled);
  EXPECT_EQ(state_.instances[1].instance.state, InstanceState::kPending);
  const std::string reason = state_.instances[1].instance.reason;
  EXPECT_NE(reason.find("needs 1.0 GiB, host-w has 512.0 MiB left"), std::string::npos) << reason;
  // Figures that move with each heartbeat are no news.
  state_.workers[0].worker.memory_available_bytes -= 100 << 20;
  EXPECT_TRUE(Run().empty());
  state_.workers[0].worker.memory_available_bytes = 10 * kGiB;
  state_.workers[0].worker.memory_total_bytes = 10 * kGiB;
  Run();
  EXPECT_EQ(state_.instances[1].instance.state, InstanceState::kScheduled);
}

TEST_F(ControllersTest, MemoryIsPromisedOnce) {
  AddDeployment("a", 1);
  AddWorker("w", 3 * kGiB);
  Run();
  EXPECT_EQ(FreeBytes(state_, state_.workers[0], need_), 2 * kGiB) << "while it starts";
  ReportAll(InstanceState::kRunning);
  state_.workers[0].worker.memory_available_bytes = 3 * kGiB - kGiB / 4;
  EXPECT_EQ(FreeBytes(state_, state_.workers[0], need_), 2 * kGiB) << "it may still grow";
  state_.workers[0].worker.memory_available_bytes = kGiB;
  EXPECT_EQ(FreeBytes(state_, state_.workers[0], need_), kGiB) << "others use memory too";
  needed_bytes_ = 5 * kGiB;
  EXPECT_EQ(FreeBytes(state_, state_.workers[0], need_), 0) << "never negative";
}

TEST_F(ControllersTest, KindsOfWorkersDoNotMixAndAMeantOneIsKept) {
  AddDeployment("real", 1);
  AddDeployment("simulated", 1);
  AddDeployment("meant", 1);
  state_.deployments[1].is_virtual = true;
  state_.deployments[2].worker = "w2";
  AddWorker("v", 100 * kGiB);
  state_.workers[0].worker.is_virtual = true;
  Run();
  const auto placed = [&](size_t index) { return state_.instances[index].instance; };
  EXPECT_EQ(placed(0).state, InstanceState::kPending);
  EXPECT_EQ(placed(0).reason, "waiting: no worker is reachable");
  EXPECT_EQ(placed(1).worker, "v");
  AddWorker("w1", 10 * kGiB);
  Run();
  EXPECT_EQ(placed(0).worker, "w1");
  EXPECT_EQ(placed(2).state, InstanceState::kPending);
  EXPECT_NE(placed(2).reason.find("meant for"), std::string::npos) << placed(2).reason;
  AddWorker("w2", 2 * kGiB);
  Run();
  EXPECT_EQ(placed(2).worker, "w2");
}

TEST_F(ControllersTest, TheRoomiestReachableWorkerIsTaken) {
  AddDeployment("a", 3);
  AddWorker("small", 2 * kGiB);
  AddWorker("large", 4 * kGiB);
  AddWorker("gone", 100 * kGiB);
  state_.workers[2].worker.state = kWorkerUnreachable;
  EXPECT_EQ(NumThatFit(state_, {}, kGiB, need_), 6);
  Run();
  std::map<std::string, int> placed;
  for (const auto& stored : state_.instances) ++placed[stored.instance.worker];
  EXPECT_EQ(placed["gone"], 0);
  EXPECT_EQ(placed["large"], 2);
  EXPECT_EQ(placed["small"], 1);
}

TEST_F(ControllersTest, ScalingDownKeepsWhatRuns) {
  AddDeployment("a", 3);
  AddWorker("w", 10 * kGiB);
  Run();
  state_.instances[2].instance.state = InstanceState::kRunning;
  const std::string running = state_.instances[2].instance.id;
  state_.deployments[0].replicas = 1;
  Run();
  EXPECT_EQ(NumWanted(), 1);
  EXPECT_TRUE(Find(running)->wanted);
  // The others go when their engines are stopped, and not before.
  EXPECT_EQ(state_.instances.size(), 3u);
  for (auto& stored : state_.instances) {
    if (!stored.wanted) stored.instance.state = InstanceState::kStopped;
  }
  Run();
  EXPECT_EQ(state_.instances.size(), 1u);
}

TEST_F(ControllersTest, WhatIsToStopIsNeverWantedAgain) {
  AddDeployment("a", 1);
  AddWorker("w", 10 * kGiB);
  Run();
  ReportAll(InstanceState::kRunning);
  state_.deployments[0].replicas = 0;
  Run();
  const std::string old = state_.instances[0].instance.id;
  state_.deployments[0].replicas = 1;
  Run();
  ASSERT_EQ(state_.instances.size(), 2u);
  EXPECT_FALSE(Find(old)->wanted);
}

TEST_F(ControllersTest, ADeletedDeploymentVanishesWithItsLastEngine) {
  AddDeployment("a", 2);
  AddDeployment("b", 1);
  AddWorker("w", 10 * kGiB);
  Run();
  ReportAll(InstanceState::kRunning);
  state_.deployments[0].deleting = true;
  Run();
  EXPECT_EQ(state_.deployments.size(), 2u);
  state_.instances[0].instance.state = InstanceState::kStopped;
  Run();
  EXPECT_EQ(state_.deployments.size(), 2u);
  for (auto& stored : state_.instances) {
    if (stored.instance.deployment == "a") stored.instance.state = InstanceState::kStopped;
  }
  const WriteBatch last = Run();
  EXPECT_EQ(last.delete_deployments, std::vector<std::string>{"a"});
  EXPECT_TRUE(last.events.empty()) << "events of what is gone";
  ASSERT_EQ(state_.deployments.size(), 1u);
  EXPECT_EQ(state_.deployments[0].name, "b");
}

TEST_F(ControllersTest, ADeletedDeploymentThatNeverRanVanishesAtOnce) {
  AddDeployment("a", 1);
  Run();
  state_.deployments[0].deleting = true;
  Apply(Reconcile(state_, need_, now_));
  Run();
  EXPECT_TRUE(state_.deployments.empty());
  EXPECT_TRUE(state_.instances.empty());
}

TEST_F(ControllersTest, ASilentWorkerIsUnreachableAndItsEnginesStayAssigned) {
  AddDeployment("a", 1);
  AddWorker("w", 10 * kGiB);
  Run();
  ReportAll(InstanceState::kRunning);
  Wait(14.9);
  EXPECT_TRUE(Run().empty());
  Wait(0.2);
  const WriteBatch batch = Run();
  EXPECT_EQ(state_.workers[0].worker.state, kWorkerUnreachable);
  ASSERT_EQ(batch.events.size(), 1u);
  EXPECT_EQ(batch.events[0].state, "UNREACHABLE");
  const spec::Instance seen = state_.EffectiveInstance(state_.instances[0]);
  EXPECT_EQ(seen.state, InstanceState::kUnreachable);
  EXPECT_NE(seen.reason.find("was RUNNING"), std::string::npos) << seen.reason;
  // No second copy is started, however long it lasts.
  Wait(10000);
  EXPECT_TRUE(Run().empty());
  EXPECT_EQ(state_.instances.size(), 1u);
  // It comes back: the same instance is adopted.
  state_.workers[0].worker.state = kWorkerReady;
  state_.workers[0].last_seen = now_.monotonic;
  EXPECT_TRUE(Run().empty());
  EXPECT_EQ(state_.EffectiveInstance(state_.instances[0]).state, InstanceState::kRunning);
}

TEST_F(ControllersTest, DeletionOnALostWorkerIsForgottenInTheEnd) {
  AddDeployment("a", 1);
  AddWorker("w", 10 * kGiB);
  Run();
  ReportAll(InstanceState::kRunning);
  Wait(20);
  Run();
  state_.deployments[0].deleting = true;
  Run();
  EXPECT_EQ(state_.deployments.size(), 1u);
  Wait(kForgetSeconds);
  Run();
  EXPECT_TRUE(state_.deployments.empty());
}

TEST_F(ControllersTest, AModelThatLeftTheLibraryIsAReason) {
  need_ = [](const spec::Deployment&) -> Result<int64_t> { return NotFound("no such model"); };
  AddDeployment("a", 1);
  AddWorker("w", 10 * kGiB);
  Run();
  EXPECT_EQ(state_.instances[0].instance.state, InstanceState::kPending);
  EXPECT_EQ(state_.instances[0].instance.reason, "no such model");
}

class GpuPlacementTest : public ControllersTest {
 protected:
  void AddGpus(const std::string& id, const std::string& name, int64_t count) {
    if (state_.FindWorker(id) == nullptr) AddWorker(id, 512 * kGiB);
    for (auto& record : state_.workers) {
      if (record.worker.id != id) continue;
      for (int64_t number = 0; number < count; ++number) {
        spec::WorkerGpu gpu{.index = static_cast<int64_t>(record.worker.gpus.size()),
                            .vendor = "nvidia",
                            .name = name};
        gpu.memory_total_bytes = gpu.memory_available_bytes = 140 * kGiB;
        record.worker.gpus.push_back(gpu);
      }
    }
  }
  void AddOnGpus(const std::string& name, int64_t replicas, int64_t count,
                 const std::string& model = "NVIDIA H200") {
    AddDeployment(name, replicas);
    state_.deployments.back().gpus = {.name = model, .count = count, .bytes_each = 120 * kGiB};
  }
  std::vector<int64_t> GpusOf(size_t index) { return state_.instances.at(index).instance.gpus; }
  const std::string& ReasonOf(size_t index) { return state_.instances.at(index).instance.reason; }
  using Gpus = std::vector<int64_t>;
};

TEST_F(GpuPlacementTest, NoTwoInstancesShareAGpu) {
  needed_bytes_ = 0;
  AddGpus("w", "NVIDIA H200", 8);
  AddOnGpus("a", 2, 2);
  AddOnGpus("b", 1, 4);
  AddOnGpus("c", 1, 1);
  Run();
  EXPECT_EQ(GpusOf(0), (Gpus{0, 1}));
  EXPECT_EQ(GpusOf(1), (Gpus{2, 3}));
  EXPECT_EQ(GpusOf(2), (Gpus{4, 5, 6, 7}));
  EXPECT_EQ(ReasonOf(2), "on host-w, GPU 4, 5, 6, 7");
  EXPECT_EQ(state_.instances[3].instance.state, InstanceState::kPending);
  EXPECT_EQ(
      ReasonOf(3),
      "does not fit: takes 1 x NVIDIA H200 with 120.0 GiB each, host-w has 0 of 8 (8 taken by "
      "deployments, 0 used by others); stop something, or deploy on fewer GPUs");
  // What failed keeps its GPUs: it will be started again.
  state_.instances[0].instance.state = InstanceState::kError;
  EXPECT_TRUE(Run().empty());
  // What is stopped gives them back.
  state_.deployments[0].replicas = 1;
  state_.instances[1].instance.state = InstanceState::kRunning;
  Run();
  state_.instances[0].instance.state = InstanceState::kStopped;
  Run();
  EXPECT_EQ(GpusOf(2), (Gpus{0})) << "of c, that waited";
}

TEST_F(GpuPlacementTest, GpusThatOthersUseAreNotTaken) {
  needed_bytes_ = 0;
  AddGpus("w", "NVIDIA H200", 4);
  state_.workers[0].worker.gpus[1].memory_available_bytes = 100 * kGiB;
  EXPECT_EQ(
      NumThatFit(state_, {.gpus = {.name = "NVIDIA H200", .count = 1, .bytes_each = 120 * kGiB}}, 0,
                 need_),
      3);
  AddOnGpus("a", 2, 2);
  Run();
  EXPECT_EQ(GpusOf(0), (Gpus{0, 2}));
  EXPECT_TRUE(GpusOf(1).empty());
  EXPECT_NE(ReasonOf(1).find("has 1 of 4 (2 taken by deployments, 1 used by others)"),
            std::string::npos)
      << ReasonOf(1);
}

TEST_F(GpuPlacementTest, OfItsModelOnAMixedNode) {
  needed_bytes_ = 0;
  AddGpus("w", "NVIDIA L40", 2);
  AddGpus("w", "NVIDIA H200", 2);
  AddOnGpus("a", 1, 2);
  AddOnGpus("b", 1, 2, "NVIDIA H100 80GB HBM3");
  Run();
  EXPECT_EQ(GpusOf(0), (Gpus{2, 3}));
  EXPECT_NE(ReasonOf(1).find("host-w has 0 of 0"), std::string::npos) << ReasonOf(1);
}

TEST_F(GpuPlacementTest, WholeNodesStayWhole) {
  needed_bytes_ = 0;
  AddGpus("whole", "NVIDIA H200", 8);
  AddGpus("part", "NVIDIA H200", 2);
  AddOnGpus("small", 1, 1);
  AddOnGpus("large", 1, 8);
  Run();
  EXPECT_EQ(state_.instances[0].instance.worker, "part");
  EXPECT_EQ(state_.instances[1].instance.worker, "whole");
}

TEST_F(GpuPlacementTest, EnginesOnTheCpuTakeNone) {
  AddGpus("w", "NVIDIA H200", 8);
  AddDeployment("a", 1);
  Run();
  EXPECT_TRUE(GpusOf(0).empty());
  EXPECT_EQ(UnclaimedGpus(state_, state_.workers[0].worker, "NVIDIA H200").size(), 8u);
}

TEST(EventOfChange, Table) {
  const auto instance = [](InstanceState state, const char* reason) {
    spec::Instance value;
    value.state = state;
    value.reason = reason;
    return value;
  };
  const struct {
    spec::Instance before, after;
    bool is_event;
  } cases[] = {
      {instance(InstanceState::kStarting, ""), instance(InstanceState::kRunning, ""), true},
      {instance(InstanceState::kRunning, ""), instance(InstanceState::kRunning, "x"), false},
      {instance(InstanceState::kDownloading, "1%"), instance(InstanceState::kDownloading, "2%"),
       false},
      {instance(InstanceState::kError, "exit 1"), instance(InstanceState::kError, "exit 2"), true},
      {instance(InstanceState::kError, "exit 1"), instance(InstanceState::kError, "exit 1"), false},
      {instance(InstanceState::kPending, "a: 1"), instance(InstanceState::kPending, "a: 2"), false},
      {instance(InstanceState::kPending, "a: 1"), instance(InstanceState::kPending, "b"), true},
  };
  for (size_t index = 0; index < std::size(cases); ++index)
    EXPECT_EQ(EventOfChange(cases[index].before, cases[index].after, 1).has_value(),
              cases[index].is_event)
        << index;
}

}  // namespace
}  // namespace redline::platform
