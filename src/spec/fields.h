// The one list of each noun's fields: its JSON form, the catalog's YAML form and the API document's
// schema are visitors over it.
//
// A visitor has `operator()(const char* name, T& value)` for every field type, and
// `Time(const char* name, T& unix_millis)` for times (RFC 3339 in text, "" for 0).
#pragma once

#include <concepts>
#include <type_traits>

#include "spec/deployment.h"
#include "spec/engine_config.h"
#include "spec/model_spec.h"
#include "spec/profile.h"
#include "spec/workload_spec.h"

namespace redline::spec {

// `T` is the noun, const when the visitor only reads.
template <typename T, typename Noun>
concept Is = std::same_as<std::remove_const_t<T>, Noun>;

template <typename Visitor>
void VisitFields(Visitor& visit, Is<ModelSpec> auto& model) {
  visit("architecture", model.architecture);
  visit("num_parameters", model.num_parameters);
  visit("weight_bytes", model.weight_bytes);
  visit("num_hidden_layers", model.num_hidden_layers);
  visit("hidden_size", model.hidden_size);
  visit("num_attention_heads", model.num_attention_heads);
  visit("num_key_value_heads", model.num_key_value_heads);
  visit("head_dim", model.head_dim);
  visit("vocab_size", model.vocab_size);
  visit("context_length", model.context_length);
  visit("kv_bytes_per_token", model.kv_bytes_per_token);
}

template <typename Visitor>
void VisitFields(Visitor& visit, Is<ModelFile> auto& file) {
  visit("path", file.path);
  visit("num_bytes", file.num_bytes);
  visit("sha256", file.sha256);
}

template <typename Visitor>
void VisitFields(Visitor& visit, Is<ModelSource> auto& source) {
  visit("kind", source.kind);
  visit("package", source.package);
  visit("version", source.version);
  visit("repo", source.repo);
  visit("revision", source.revision);
  visit("members", source.members);
}

template <typename Visitor>
void VisitFields(Visitor& visit, Is<EngineConfig> auto& config) {
  visit("engine", config.engine);
  visit("version", config.version);
  visit("requested", config.requested);
  visit("arguments", config.arguments);
  visit("environment", config.environment);
  visit("resolved", config.resolved);
}

template <typename Visitor>
void VisitFields(Visitor& visit, Is<HardwareMatch> auto& match) {
  visit("device", match.device);
  visit("models", match.models);
  visit("min_devices", match.min_devices);
  visit("min_device_memory_bytes", match.min_device_memory_bytes);
}

template <typename Visitor>
void VisitFields(Visitor& visit, Is<Evidence> auto& evidence) {
  visit("kind", evidence.kind);
  visit("summary", evidence.summary);
  visit("source", evidence.source);
  visit("date", evidence.date);
  visit("engine", evidence.engine);
  visit("figures", evidence.figures);
  visit("flaws", evidence.flaws);
  visit("environment", evidence.environment);
  visit("goal", evidence.goal);
  visit("command", evidence.command);
  visit("workload", evidence.workload);
  visit("fingerprint", evidence.fingerprint);
  visit("baseline", evidence.baseline);
  visit("resolved", evidence.resolved);
  visit("stale", evidence.stale);
}

template <typename Visitor>
void VisitFields(Visitor& visit, Is<Profile> auto& profile) {
  visit("name", profile.name);
  visit("hardware", profile.hardware);
  visit("goal", profile.goal);
  visit("workload", profile.workload);
  visit("engine", profile.engine);
  visit("evidence", profile.evidence);
}

template <typename Visitor>
void VisitFields(Visitor& visit, Is<Progress> auto& progress) {
  visit("phase", progress.phase);
  visit("fraction", progress.fraction);
  visit("bytes_done", progress.bytes_done);
  visit("bytes_total", progress.bytes_total);
  visit("bytes_per_second", progress.bytes_per_second);
}

template <typename Visitor>
void VisitFields(Visitor& visit, Is<GpuClaim> auto& claim) {
  visit("name", claim.name);
  visit("count", claim.count);
  visit("bytes_each", claim.bytes_each);
}

template <typename Visitor>
void VisitFields(Visitor& visit, Is<Instance> auto& instance) {
  visit("id", instance.id);
  visit("deployment", instance.deployment);
  visit("worker", instance.worker);
  visit("gpus", instance.gpus);
  visit("generation", instance.generation);
  visit("state", instance.state);
  visit("reason", instance.reason);
  visit("pid", instance.pid);
  visit("endpoint", instance.endpoint);
  visit("restart_count", instance.restart_count);
  visit("progress", instance.progress);
  visit.Time("started_at", instance.started_at_ms);
  visit.Time("ready_at", instance.ready_at_ms);
  visit("effective", instance.effective);
}

template <typename Visitor>
void VisitFields(Visitor& visit, Is<Deployment> auto& deployment) {
  visit("name", deployment.name);
  visit("model", deployment.model);
  visit("profile", deployment.profile);
  visit("replicas", deployment.replicas);
  visit("generation", deployment.generation);
  visit("engine", deployment.engine);
  visit("gpus", deployment.gpus);
  visit("model_path", deployment.model_path);
  visit("worker", deployment.worker);
  visit("virtual", deployment.is_virtual);
  visit("why", deployment.why);
  visit.Time("created_at", deployment.created_at_ms);
  visit("deleting", deployment.deleting);
}

template <typename Visitor>
void VisitFields(Visitor& visit, Is<WorkerCpu> auto& cpu) {
  visit("model", cpu.model);
  visit("sockets", cpu.sockets);
  visit("cores", cpu.cores);
  visit("threads", cpu.threads);
  visit("numa_nodes", cpu.numa_nodes);
}

template <typename Visitor>
void VisitFields(Visitor& visit, Is<WorkerGpu> auto& gpu) {
  visit("index", gpu.index);
  visit("vendor", gpu.vendor);
  visit("name", gpu.name);
  visit("uuid", gpu.uuid);
  visit("pci_bus_id", gpu.pci_bus_id);
  visit("memory_total_bytes", gpu.memory_total_bytes);
  visit("memory_available_bytes", gpu.memory_available_bytes);
  visit("compute_capability", gpu.compute_capability);
  visit("gfx_target", gpu.gfx_target);
  visit("numa_node", gpu.numa_node);
  visit("driver_version", gpu.driver_version);
}

template <typename Visitor>
void VisitFields(Visitor& visit, Is<Worker> auto& worker) {
  visit("id", worker.id);
  visit("name", worker.name);
  visit("virtual", worker.is_virtual);
  visit("device", worker.device);
  visit("device_model", worker.device_model);
  visit("num_devices", worker.num_devices);
  visit("memory_total_bytes", worker.memory_total_bytes);
  visit("memory_available_bytes", worker.memory_available_bytes);
  visit("cpu", worker.cpu);
  visit("gpus", worker.gpus);
  visit("device_problems", worker.device_problems);
  visit("isa", worker.isa);
  visit("state", worker.state);
  visit("version", worker.version);
  visit.Time("heartbeat_at", worker.heartbeat_at_ms);
}

template <typename Visitor>
void VisitFields(Visitor& visit, Is<Assignment> auto& assignment) {
  visit("instance_id", assignment.instance_id);
  visit("deployment", assignment.deployment);
  visit("generation", assignment.generation);
  visit("should_run", assignment.should_run);
  visit("model", assignment.model);
  visit("files", assignment.files);
  visit("sources", assignment.sources);
  visit("model_path", assignment.model_path);
  visit("engine", assignment.engine);
  visit("gpus", assignment.gpus);
  visit("gpu_bytes", assignment.gpu_bytes);
  visit("memory_bytes", assignment.memory_bytes);
}

template <typename Visitor>
void VisitFields(Visitor& visit, Is<LengthSpec> auto& length) {
  visit("distribution", length.distribution);
  visit("mean", length.mean);
  visit("stddev", length.stddev);
  visit("min", length.min);
  visit("max", length.max);
}

template <typename Visitor>
void VisitFields(Visitor& visit, Is<ArrivalSpec> auto& arrivals) {
  visit("process", arrivals.process);
  visit("rate", arrivals.rate);
  visit("rate_end", arrivals.rate_end);
  visit("burstiness", arrivals.burstiness);
  visit("rates", arrivals.rates);
  visit("step_seconds", arrivals.step_seconds);
  visit("speed", arrivals.speed);
}

template <typename Visitor>
void VisitFields(Visitor& visit, Is<PrefixSpec> auto& prefix) {
  visit("groups", prefix.groups);
  visit("tokens", prefix.tokens);
}

template <typename Visitor>
void VisitFields(Visitor& visit, Is<SessionSpec> auto& sessions) {
  visit("turns", sessions.turns);
  visit("think_seconds", sessions.think_seconds);
}

template <typename Visitor>
void VisitFields(Visitor& visit, Is<SloClass> auto& slo) {
  visit("name", slo.name);
  visit("share", slo.share);
  visit("ttft_ms", slo.ttft_ms);
  visit("tpot_ms", slo.tpot_ms);
  visit("e2e_ms", slo.e2e_ms);
}

template <typename Visitor>
void VisitFields(Visitor& visit, Is<DatasetSpec> auto& dataset) {
  visit("format", dataset.format);
  visit("path", dataset.path);
  visit("length_scale", dataset.length_scale);
}

template <typename Visitor>
void VisitFields(Visitor& visit, Is<WorkloadSpec> auto& workload) {
  visit("name", workload.name);
  visit("description", workload.description);
  visit("input_tokens", workload.input_tokens);
  visit("output_tokens", workload.output_tokens);
  visit("num_requests", workload.num_requests);
  visit("concurrency", workload.concurrency);
  visit("arrivals", workload.arrivals);
  visit("prefix", workload.prefix);
  visit("sessions", workload.sessions);
  visit("slo_classes", workload.slo_classes);
  visit("dataset", workload.dataset);
  visit("abort_share", workload.abort_share);
  visit("abort_after_tokens", workload.abort_after_tokens);
  visit("ignore_eos", workload.ignore_eos);
  visit("temperature", workload.temperature);
}

}  // namespace redline::spec
