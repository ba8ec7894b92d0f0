#include "engine/bench/machine_limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/process.h"
#include "engine/bench/thread_team.h"
#include "engine/kernels/peak/peak.h"
#include "engine/model/anonymous_memory.h"

namespace redline::engine {
namespace {

constexpr int64_t kLeastBufferBytes = int64_t{256} << 20;
constexpr int64_t kMostBufferBytes = int64_t{4} << 30;
constexpr int64_t kReadBytes = 512;  // of which a part is a multiple (peak.h)
constexpr double kPeakRounds = 200'000;

int64_t BufferBytes(const LimitOptions& options, const CpuCaches& caches) {
  if (options.buffer_bytes > 0) return options.buffer_bytes;
  const auto quarter = static_cast<int64_t>(AvailableMemoryBytes() / 4);
  const int64_t wanted =
      std::clamp(4 * caches.last_level_bytes, kLeastBufferBytes, kMostBufferBytes);
  return std::max(
      {std::min(wanted, quarter), int64_t{1} << 20, options.num_threads * int64_t{4096}});
}

// One run of all the measurements; a limit gets an equal share of the time.
class LimitRun {
 public:
  LimitRun(const LimitOptions& options, MachineLimits& limits, const AnonymousMemory& memory)
      : options_(options),
        limits_(limits),
        memory_(memory),
        peaks_(AvailablePeaks()),
        budget_(options.budget_seconds / static_cast<double>(2 * peaks_.size() + 5)) {}

  void Run() {
    FillMemory();
    for (const int num_threads : ThreadCounts()) {
      Read("read", memory_.num_bytes(), num_threads);
      Read("cache_read", limits_.caches.l2_bytes / 2 * options_.num_threads, num_threads);
      Copy(num_threads);
      for (const PeakPath& path : peaks_) Peak(path, num_threads);
    }
  }

 private:
  // One core, and all of them where these are more.
  std::vector<int> ThreadCounts() const {
    if (options_.num_threads == 1) return {1};
    return {1, options_.num_threads};
  }

  // The part of `total` bytes that thread `index` of all goes over: whole steps of reading.
  int64_t PartBytes(int64_t total) const {
    return total / options_.num_threads / kReadBytes * kReadBytes;
  }
  std::byte* PartOf(int index) const {
    return memory_.data() + index * PartBytes(memory_.num_bytes());
  }

  // Not zeros, which some memory systems know; touched by the thread that reads it.
  void FillMemory() {
    ThreadTeam team(options_.num_threads);
    team.Run([&](int index) {
      auto* words = reinterpret_cast<uint64_t*>(PartOf(index));
      const int64_t count = PartBytes(memory_.num_bytes()) / static_cast<int64_t>(sizeof(uint64_t));
      uint64_t state = 0x9e3779b97f4a7c15ULL + static_cast<uint64_t>(index);
      for (int64_t i = 0; i < count; ++i) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        words[i] = state;
      }
    });
  }

  void Add(MachineLimit limit, const ThreadTeam::Work& work) {
    ThreadTeam team(limit.num_threads);
    limit.timing = MeasureWork([&] { team.Run(work); }, budget_);
    limits_.all.push_back(std::move(limit));
  }

  // A small part is read again and again: starting the threads must not count.
  void Read(const std::string& name, int64_t total, int num_threads) {
    options_.progress(fmt::format("{} on {} thread{}",
                                  name == "read" ? "reading memory" : "reading caches", num_threads,
                                  num_threads == 1 ? "" : "s"));
    const int64_t part = PartBytes(total);
    const int64_t times = std::max<int64_t>((int64_t{32} << 20) / part, 1);
    Add({.name = name,
         .num_threads = num_threads,
         .amount = static_cast<double>(part * times * num_threads)},
        [this, part, times](int index) {
          uint64_t sum = 0;
          for (int64_t time = 0; time < times; ++time) sum += read_(PartOf(index), part);
          Keep(static_cast<double>(sum));
        });
  }

  void Copy(int num_threads) {
    options_.progress(
        fmt::format("copying memory on {} thread{}", num_threads, num_threads == 1 ? "" : "s"));
    const int64_t half = PartBytes(memory_.num_bytes()) / 128 * 64;
    Add({.name = "copy",
         .num_threads = num_threads,
         .amount = static_cast<double>(2 * half * num_threads)},
        [this, half](int index) {
          std::memcpy(PartOf(index) + half, PartOf(index), static_cast<size_t>(half));
        });
  }

  void Peak(const PeakPath& path, int num_threads) {
    options_.progress(fmt::format("{} {} arithmetic", path.isa, path.arithmetic));
    Add({.name = "peak",
         .isa = std::string(path.isa),
         .arithmetic = std::string(path.arithmetic),
         .num_threads = num_threads,
         .amount = kPeakRounds * static_cast<double>(path.operations_per_round * num_threads)},
        [path](int) { Keep(path.run(static_cast<int64_t>(kPeakRounds))); });
  }

  // The compiler may not leave out what a value was made of.
  static void Keep(double value) { asm volatile("" : : "x"(value)); }

  const LimitOptions& options_;
  MachineLimits& limits_;
  const AnonymousMemory& memory_;
  const ReadPath read_ = FastestRead();
  const std::vector<PeakPath> peaks_;
  const double budget_;  // of one limit
};

}  // namespace

const MachineLimit* MachineLimits::Find(std::string_view name, int threads, std::string_view isa,
                                        std::string_view arithmetic) const {
  for (const MachineLimit& limit : all) {
    if (limit.name == name && limit.num_threads == threads && limit.isa == isa &&
        limit.arithmetic == arithmetic)
      return &limit;
  }
  return nullptr;
}

const MachineLimit* MachineLimits::BestPeak(std::string_view arithmetic) const {
  const MachineLimit* best = nullptr;
  for (const MachineLimit& limit : all) {
    if (limit.name != "peak" || limit.num_threads != num_threads || limit.arithmetic != arithmetic)
      continue;
    if (best == nullptr || limit.PerSecond() > best->PerSecond()) best = &limit;
  }
  return best;
}

Result<MachineLimits> MeasureLimits(const LimitOptions& options) {
  MachineLimits limits{.num_threads = options.num_threads, .caches = ReadCpuCaches()};
  limits.buffer_bytes = BufferBytes(options, limits.caches);
  RL_ASSIGN_OR_RETURN(const AnonymousMemory memory,
                      AnonymousMemory::Allocate(limits.buffer_bytes, "the bandwidth measurement"));
  LimitRun(options, limits, memory).Run();
  return limits;
}

}  // namespace redline::engine
