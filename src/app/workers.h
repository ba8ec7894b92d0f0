// What several commands show of workers as the management API describes them.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace redline::app {

// NAME, KIND, STATE, GPUS, GPU MEMORY FREE, CPU, THREADS, MEMORY FREE.
std::string WorkersTable(const nlohmann::json& items);
// One worker in full: its CPU, every GPU, what is wrong with its devices.
std::string WorkerText(const nlohmann::json& worker);

// "virtual" or "real".
std::string KindOf(const nlohmann::json& worker_or_deployment);

// "8 x NVIDIA H200 + 1 x Tesla T4"; empty without GPUs.
std::string GpuNames(const nlohmann::json& gpus);
// "1.1 TiB of 1.1 TiB", of all together.
std::string GpuMemory(const nlohmann::json& gpus);
// "2 sockets, 64 cores, 128 threads, 2 NUMA nodes": what is known of a worker's `cpu`.
std::string CpuCounts(const nlohmann::json& cpu);

}  // namespace redline::app
