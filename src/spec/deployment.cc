#include "spec/deployment.h"

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "spec/json_fields.h"

namespace redline::spec {
namespace {

constexpr std::array<std::string_view, 11> kStateNames = {
    "PENDING", "ANALYZING", "SCHEDULED", "INITIALIZING", "DOWNLOADING", "STARTING",
    "RUNNING", "DRAINING",  "STOPPED",   "ERROR",        "UNREACHABLE"};

constexpr size_t kMostGpusOfAWorker = 1024;
constexpr int64_t kMostGpuMemoryBytes = int64_t{1} << 50;

bool IsLetterOrDigit(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9');
}

bool IsName(std::string_view text, size_t max_length) {
  if (text.empty() || text.size() > max_length) return false;
  for (const char byte : text) {
    if (!IsLetterOrDigit(byte) && byte != '.' && byte != '-') return false;
  }
  return IsLetterOrDigit(text.front()) && IsLetterOrDigit(text.back());
}

}  // namespace

std::string_view NameOf(InstanceState state) { return kStateNames.at(static_cast<size_t>(state)); }

Result<InstanceState> InstanceStateFromName(std::string_view name) {
  for (size_t index = 0; index < kStateNames.size(); ++index) {
    if (kStateNames[index] == name) return static_cast<InstanceState>(index);
  }
  return InvalidArgument("unknown instance state \"" + EscapeControl(name) + "\"");
}

Status ValidateDeploymentName(std::string_view name) {
  if (IsName(name, 63)) return OkStatus();
  return InvalidArgument("\"" + EscapeControl(name.substr(0, 80)) +
                             "\" is not a name for a deployment: use 1 to 63 of a-z, 0-9, \".\" "
                             "and \"-\", with a letter or digit at both ends",
                         "name");
}

Status ValidateId(std::string_view id, const char* param) {
  if (IsName(id, 64)) return OkStatus();
  return InvalidArgument("\"" + EscapeControl(id.substr(0, 80)) +
                             "\" is not an id: 1 to 64 of a-z, 0-9, \".\" and \"-\"",
                         param);
}

Status ValidateModelPath(std::string_view path) {
  constexpr size_t kMostBytes = 4096;
  const bool has_control =
      std::any_of(path.begin(), path.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (path.starts_with('/') && path.size() <= kMostBytes && !has_control) return OkStatus();
  return InvalidArgument("\"" + Excerpt(path) +
                             "\" is not a path of a model: it is read on the worker, so give an "
                             "absolute one, such as /models/qwen3-8b",
                         "model_path");
}

Status ValidateWorker(const Worker& worker) {
  RL_RETURN_IF_ERROR(ValidateId(worker.id, "id"));
  if (worker.num_devices < 0 || worker.memory_total_bytes < 0 || worker.memory_available_bytes < 0)
    return InvalidArgument("a worker's devices and memory are not negative");
  if (worker.cpu.threads < 0 || worker.gpus.size() > kMostGpusOfAWorker)
    return InvalidArgument("a worker has 0 or more hardware threads and at most 1024 GPUs");
  for (const WorkerGpu& gpu : worker.gpus) {
    if (gpu.memory_available_bytes < 0 || gpu.memory_available_bytes > gpu.memory_total_bytes ||
        gpu.memory_total_bytes > kMostGpuMemoryBytes)
      return InvalidArgument("a GPU has 0 to 2^50 bytes, and no more available than it has");
  }
  return OkStatus();
}

nlohmann::json ToJson(const Progress& progress) { return FieldsToJson(progress); }
nlohmann::json ToJson(const GpuClaim& claim) { return FieldsToJson(claim); }
nlohmann::json ToJson(const Instance& instance) { return FieldsToJson(instance); }
nlohmann::json ToJson(const Deployment& deployment) { return FieldsToJson(deployment); }
nlohmann::json ToJson(const WorkerCpu& cpu) { return FieldsToJson(cpu); }
nlohmann::json ToJson(const WorkerGpu& gpu) { return FieldsToJson(gpu); }
nlohmann::json ToJson(const Worker& worker) { return FieldsToJson(worker); }
nlohmann::json ToJson(const Assignment& assignment) { return FieldsToJson(assignment); }

Result<Instance> InstanceFromJson(const nlohmann::json& json) {
  RL_ASSIGN_OR_RETURN(auto instance, FieldsFromJson<Instance>(json, UnknownKeys::kIgnore));
  RL_RETURN_IF_ERROR(ValidateId(instance.id, "id"));
  return instance;
}

Result<Deployment> DeploymentFromJson(const nlohmann::json& json) {
  RL_ASSIGN_OR_RETURN(auto deployment, FieldsFromJson<Deployment>(json, UnknownKeys::kIgnore));
  RL_RETURN_IF_ERROR(ValidateDeploymentName(deployment.name));
  return deployment;
}

Result<Worker> WorkerFromJson(const nlohmann::json& json) {
  RL_ASSIGN_OR_RETURN(auto worker, FieldsFromJson<Worker>(json, UnknownKeys::kIgnore));
  RL_RETURN_IF_ERROR(ValidateWorker(worker));
  return worker;
}

Result<Assignment> AssignmentFromJson(const nlohmann::json& json) {
  RL_ASSIGN_OR_RETURN(auto assignment, FieldsFromJson<Assignment>(json, UnknownKeys::kIgnore));
  RL_RETURN_IF_ERROR(ValidateId(assignment.instance_id, "instance_id"));
  for (const ModelFile& file : assignment.files) RL_RETURN_IF_ERROR(ValidateModelFile(file));
  for (const ModelSource& source : assignment.sources)
    RL_RETURN_IF_ERROR(ValidateModelSource(source));
  if (!assignment.model_path.empty()) RL_RETURN_IF_ERROR(ValidateModelPath(assignment.model_path));
  if (assignment.gpus.size() > kMostGpusOfAWorker)
    return InvalidArgument("a worker has at most 1024 GPUs");
  return assignment;
}

}  // namespace redline::spec
