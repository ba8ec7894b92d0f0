// HardwareSpec: what a plan needs to know of the hardware: devices of one kind, their links, nodes.
// Read from hardware/*.yaml, which is built into the binary, or from a file of the same form that
// was measured on a machine (`redline doctor --calibrate`). Every number names its source.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace redline::planner {

// A number and who says so: a data sheet with its date, or "measured".
struct SourcedNumber {
  double value = 0;
  std::string source;
};

// Dense: vendors' figures with structured sparsity are twice these. Null: the device has no such
// units.
struct PeakFlops {
  std::optional<SourcedNumber> fp32_per_second;
  std::optional<SourcedNumber> bf16_per_second;
  std::optional<SourcedNumber> fp8_per_second;
  std::optional<SourcedNumber> int8_per_second;
  std::optional<SourcedNumber> fp4_per_second;
};

// Of one device, in one direction.
struct Link {
  std::string kind;  // "nvlink", "xgmi", "pcie", "infiniband", "roce", "ethernet"
  double bytes_per_second = 0;
  std::string source;
};

struct Price {
  double usd_per_device_hour = 0;
  std::string source;
  std::string date;  // "2026-06" or "2026-06-30"
};

// What a CPU has beside the fields of every device. A device is what one engine runs on: all cores
// that its process may use; `memory_bandwidth_bytes_per_second` is what all of them read together,
// `peak_flops` what all of them compute with the best instructions that the engine's kernels use.
struct CpuFacts {
  std::string isa;    // of the engine's kernels: "avx2", "avx512_vnni"...
  int64_t cores = 0;  // that a process may run on
  SourcedNumber last_level_cache_bytes;
  SourcedNumber core_read_bytes_per_second;  // by one core
  SourcedNumber copy_bytes_per_second;       // by all cores: bytes read, plus as many written
};

struct HardwareSpec {
  std::string name;         // of one device: "H200"
  std::string driver_name;  // "NVIDIA H200"
  std::string vendor;       // "nvidia", "amd", "cpu"
  // Of all nodes alike. In a file of the library, how many a server of the kind has.
  int64_t devices_per_node = 0;
  int64_t num_nodes = 1;
  int64_t compute_capability = 0;  // NVIDIA's, 90 for 9.0; 0: it has none
  SourcedNumber memory_bytes;      // of one device
  SourcedNumber memory_bandwidth_bytes_per_second;
  PeakFlops peak_flops;
  std::optional<Link> intra_node_link;      // null: a node has one device
  std::optional<Link> inter_node_link;      // null: none is known; a plan stays on one node
  std::optional<SourcedNumber> host_cores;  // physical ones of a node
  std::optional<Price> price;               // a list price, on demand
  std::optional<CpuFacts> cpu;              // of a CPU, and of nothing else

  int64_t num_devices() const { return devices_per_node * num_nodes; }
};

// "H200x8", "2xH200x8" for two nodes; of a CPU alone its name.
std::string FullName(const HardwareSpec& hardware);

// One file. kInvalidArgument, with the field in `param`, for a key that is unknown, missing or out
// of bounds, and for a number without a source. Never throws.
Result<HardwareSpec> HardwareFromYaml(std::string_view text);
nlohmann::json ToJson(const HardwareSpec& hardware);

// What HardwareFromYaml reads, under a comment of one line.
std::string HardwareToYaml(const HardwareSpec& hardware, std::string_view comment);

// The devices of the library: "A100", "B200", ...
std::vector<std::string> HardwareNames();

// Of the library, in any case: "h200x8", "2xh200x8" for two nodes of eight; a device alone is one.
// kInvalidArgument with the nearest name.
Result<HardwareSpec> FindHardwareSpec(std::string_view name);

}  // namespace redline::planner
