#include "platform/agent/node_facts.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/files.h"
#include "base/ids.h"
#include "base/process.h"
#include "base/strings.h"
#include "base/version.h"
#include "net/json_body.h"
#include "spec/json.h"

namespace redline::platform {
namespace {

// An instruction set and the CPU flags that all must be there for it.
struct IsaRule {
  const char* name;
  std::vector<std::string> flags;
};
const std::vector<IsaRule>& IsaRules() {
  static const std::vector<IsaRule> rules = {
      {"avx2", {"avx2", "fma", "f16c"}},
      {"avx512", {"avx512f", "avx512bw", "avx512vl", "avx512dq"}},
      {"avx512_vnni", {"avx512_vnni"}},
      {"avx512_bf16", {"avx512_bf16"}},
      {"amx", {"amx_tile", "amx_bf16", "amx_int8"}},
  };
  return rules;
}

// The value of the first line "KEY : value".
std::string_view ValueOf(std::string_view cpuinfo, std::string_view key) {
  for (size_t begin = 0; begin < cpuinfo.size();) {
    const size_t end = std::min(cpuinfo.find('\n', begin), cpuinfo.size());
    const std::string_view line = cpuinfo.substr(begin, end - begin);
    const size_t colon = line.find(':');
    if (colon != std::string_view::npos && Trim(line.substr(0, colon)) == key)
      return Trim(line.substr(colon + 1));
    begin = end + 1;
  }
  return {};
}

std::string CpuInfo() {
  auto text = ReadFile("/proc/cpuinfo");
  return text.ok() ? *text : std::string();
}

std::string HostName() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

}  // namespace

std::string CpuModelIn(std::string_view cpuinfo) {
  const std::string_view model = ValueOf(cpuinfo, "model name");
  return model.empty() ? "unknown CPU" : std::string(model);
}

std::vector<std::string> IsaIn(std::string_view cpuinfo) {
  const auto flags = Split(ValueOf(cpuinfo, "flags"), ' ');
  const auto has = [&](const std::string& flag) {
    return std::find(flags.begin(), flags.end(), flag) != flags.end();
  };
  std::vector<std::string> isa;
  for (const IsaRule& rule : IsaRules()) {
    if (std::all_of(rule.flags.begin(), rule.flags.end(), has)) isa.emplace_back(rule.name);
  }
  return isa;
}

Result<std::string> LoadOrCreateWorkerId(const std::filesystem::path& path) {
  auto text = ReadFile(path, 1 << 16);
  if (text.ok()) {
    const auto object = net::ParseJsonObject(*text);
    if (object.ok() && object->contains("id") && object->at("id").is_string())
      return object->at("id").get<std::string>();
    return DataLoss(path.string() +
                    " is damaged; delete it to join as a new worker (deployments are rescheduled)");
  }
  if (text.status().code() != Code::kNotFound) return text.status();
  const std::string id = NewId("worker");
  RL_RETURN_IF_ERROR(MakeDirectories(path.parent_path(), 0700));
  RL_RETURN_IF_ERROR(WriteFileAtomic(path, spec::DumpJson({{"id", id}}) + "\n", 0600));
  return id;
}

spec::Worker DescribeWorker(const std::string& worker_id) {
  const std::string cpuinfo = CpuInfo();
  spec::Worker worker;
  worker.id = worker_id;
  worker.name = HostName();
  worker.device = "cpu";
  worker.device_model = CpuModelIn(cpuinfo);
  worker.num_devices = AvailableCpus();
  worker.memory_total_bytes = static_cast<int64_t>(TotalMemoryBytes());
  worker.memory_available_bytes = static_cast<int64_t>(AvailableMemoryBytes());
  worker.isa = IsaIn(cpuinfo);
  worker.version = kVersion;
  worker.heartbeat_at_ms = UnixMillis();
  return worker;
}

}  // namespace redline::platform
