// The one list of the fields of HardwareSpec (see spec/fields.h).
#pragma once

#include "planner/hardware/hardware_spec.h"
#include "spec/fields.h"

namespace redline::planner {

template <typename Visitor>
void VisitFields(Visitor& visit, spec::Is<SourcedNumber> auto& number) {
  visit("value", number.value);
  visit("source", number.source);
}

template <typename Visitor>
void VisitFields(Visitor& visit, spec::Is<PeakFlops> auto& peaks) {
  visit("fp32_per_second", peaks.fp32_per_second);
  visit("bf16_per_second", peaks.bf16_per_second);
  visit("fp8_per_second", peaks.fp8_per_second);
  visit("int8_per_second", peaks.int8_per_second);
  visit("fp4_per_second", peaks.fp4_per_second);
}

template <typename Visitor>
void VisitFields(Visitor& visit, spec::Is<Link> auto& link) {
  visit("kind", link.kind);
  visit("bytes_per_second", link.bytes_per_second);
  visit("source", link.source);
}

template <typename Visitor>
void VisitFields(Visitor& visit, spec::Is<Price> auto& price) {
  visit("usd_per_device_hour", price.usd_per_device_hour);
  visit("source", price.source);
  visit("date", price.date);
}

template <typename Visitor>
void VisitFields(Visitor& visit, spec::Is<CpuFacts> auto& cpu) {
  visit("isa", cpu.isa);
  visit("cores", cpu.cores);
  visit("last_level_cache_bytes", cpu.last_level_cache_bytes);
  visit("core_read_bytes_per_second", cpu.core_read_bytes_per_second);
  visit("copy_bytes_per_second", cpu.copy_bytes_per_second);
}

template <typename Visitor>
void VisitFields(Visitor& visit, spec::Is<HardwareSpec> auto& hardware) {
  visit("name", hardware.name);
  visit("driver_name", hardware.driver_name);
  visit("vendor", hardware.vendor);
  visit("devices_per_node", hardware.devices_per_node);
  visit("num_nodes", hardware.num_nodes);
  visit("compute_capability", hardware.compute_capability);
  visit("memory_bytes", hardware.memory_bytes);
  visit("memory_bandwidth_bytes_per_second", hardware.memory_bandwidth_bytes_per_second);
  visit("peak_flops", hardware.peak_flops);
  visit("intra_node_link", hardware.intra_node_link);
  visit("inter_node_link", hardware.inter_node_link);
  visit("host_cores", hardware.host_cores);
  visit("price", hardware.price);
  visit("cpu", hardware.cpu);
}

}  // namespace redline::planner
