#include "backends/devices/nvidia_gpus.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <thread>

#include "backends/devices/nvml.h"
#include "backends/devices/sysfs.h"
#include "base/strings.h"

namespace redline::backends {
namespace {

constexpr unsigned kMostNvidiaGpus = 256;
constexpr uint64_t kMostGpuBytes = uint64_t{1} << 50;
constexpr size_t kNvmlTextBytes = 96;  // NVML_DEVICE_NAME_V2_BUFFER_SIZE, the longest of its texts

// What to do when the library does not initialise, by nvmlReturn_t.
struct NvmlRemedy {
  NvmlReturn code;
  const char* remedy;
};
constexpr NvmlRemedy kNvmlRemedies[] = {
    {4, "give this user access to /dev/nvidia* (in a container: start it with --gpus all)"},
    {9, "load the driver (modprobe nvidia); if that fails, install the one of this kernel"},
    {12, "install the driver's libraries of the same version as its kernel module"},
    {15, "reset or reboot: a GPU fell off the bus; dmesg | grep Xid says when"},
    {18, "reboot, or reload the kernel module: the driver was updated while it was loaded"},
};

std::string RemedyFor(NvmlReturn code) {
  for (const NvmlRemedy& each : kNvmlRemedies) {
    if (each.code == code) return each.remedy;
  }
  return "run nvidia-smi: it fails for the same reason; see dmesg";
}

// "00000000:17:00.0" as sysfs has it: "0000:17:00.0".
std::string SysfsBusId(std::string_view bus_id) {
  std::string id = ToLower(bus_id);
  if (id.size() == 16 && id.starts_with("0000")) id.erase(0, 4);
  const bool is_plain = id.find_first_not_of("0123456789abcdef:.") == std::string::npos;
  return is_plain && id.find("..") == std::string::npos ? id : "";
}

// What `get(buffer, size)` writes; empty when it fails.
template <typename Get>
std::string NvmlText(const Get& get) {
  std::array<char, kNvmlTextBytes> buffer{};
  if (get(buffer.data(), static_cast<unsigned>(buffer.size())) != kNvmlSuccess) return "";
  buffer.back() = '\0';
  return Excerpt(buffer.data(), kNvmlTextBytes);
}

std::string DriverVersion(const NvmlApi& api) {
  return api.driver_version == nullptr ? "" : NvmlText(api.driver_version);
}

std::string CudaVersion(const NvmlApi& api) {
  int version = 0;
  if (api.cuda_version == nullptr || api.cuda_version(&version) != kNvmlSuccess) return "";
  return fmt::format("{}.{}", version / 1000, version % 1000 / 10);
}

bool IsDivided(const NvmlApi& api, NvmlDevice device) {
  unsigned current = 0;
  unsigned pending = 0;
  return api.mig_mode != nullptr && api.mig_mode(device, &current, &pending) == kNvmlSuccess &&
         current == 1;  // NVML_DEVICE_MIG_ENABLE
}

DeviceProblem Divided(unsigned index, const std::string& name) {
  return {fmt::format("GPU {} ({}) is divided by MIG and not used: engines take whole GPUs", index,
                      name),
          fmt::format("nvidia-smi -i {} -mig 0", index)};
}

DeviceProblem Unanswered(std::chrono::milliseconds deadline) {
  return {fmt::format("the NVIDIA driver has not answered for {}; its GPUs are not used",
                      FormatDuration(static_cast<double>(deadline.count()) / 1000)),
          "if nvidia-smi hangs too, see dmesg | grep Xid and reboot; if it is only slow, keep the "
          "GPUs awake with nvidia-smi -pm 1"};
}

}  // namespace

// The driver as one thread after the other sees it.
class NvidiaDriver {
 public:
  explicit NvidiaDriver(const DeviceOptions& options)
      : library_(options.nvml_library),
        proc_root_(options.proc_root),
        sysfs_root_(options.sysfs_root) {}

  NvidiaGpus Read() {
    NvidiaGpus found;
    if (nvml_ == nullptr && !Open(found)) return found;
    const NvmlApi& api = nvml_->api();
    found.driver_version = DriverVersion(api);
    found.cuda_version = CudaVersion(api);
    unsigned count = 0;
    const NvmlReturn code = api.device_count(&count);
    for (unsigned index = 0; index < std::min(count, kMostNvidiaGpus); ++index)
      ReadGpu(index, found);
    if (code == kNvmlSuccess) return found;
    found.problems.push_back(
        {"the NVIDIA driver lists no GPUs: " + nvml_->Describe(code), RemedyFor(code)});
    nvml_.reset();  // it may be better after it has been opened again
    return found;
  }

 private:
  bool Open(NvidiaGpus& found) {
    NvmlReturn code = kNvmlSuccess;
    auto opened = Nvml::Open(library_, code);
    if (opened.ok()) {
      nvml_ = std::move(opened).value();
      return true;
    }
    const Status& status = opened.status();
    if (status.code() == Code::kUnavailable) {
      found.problems.push_back(
          {"the NVIDIA driver does not start: " + status.message(), RemedyFor(code)});
    } else if (status.code() != Code::kNotFound) {
      found.problems.push_back({status.message(), "install the NVIDIA driver again"});
    } else if (!ReadHead(proc_root_ / "driver/nvidia/version").empty()) {
      found.problems.push_back(
          {"NVIDIA's driver is loaded, but " + status.message() + " to reach it",
           "in a container: start it with --gpus all; else install the driver's libraries"});
    }
    return false;
  }

  void ReadGpu(unsigned index, NvidiaGpus& found) const {
    const NvmlApi& api = nvml_->api();
    NvmlDevice device = nullptr;
    NvmlMemory memory{};
    NvmlReturn code = api.device_by_index(index, &device);
    if (code == kNvmlSuccess) code = api.memory_info(device, &memory);
    if (code != kNvmlSuccess) {
      found.problems.push_back(
          {fmt::format("GPU {} is not used: {}", index, nvml_->Describe(code)), RemedyFor(code)});
      return;
    }
    GpuDevice gpu = Identify(device);
    gpu.index = index;
    gpu.driver_version = found.driver_version;
    const uint64_t total = std::min<uint64_t>(memory.total, kMostGpuBytes);
    gpu.memory_total_bytes = static_cast<int64_t>(total);
    gpu.memory_used_bytes = static_cast<int64_t>(total - std::min<uint64_t>(memory.free, total));
    if (IsDivided(api, device)) return found.problems.push_back(Divided(index, gpu.name));
    found.gpus.push_back(std::move(gpu));
  }

  GpuDevice Identify(NvmlDevice device) const {
    const NvmlApi& api = nvml_->api();
    GpuDevice gpu{.vendor = "nvidia"};
    gpu.name =
        NvmlText([&](char* text, unsigned size) { return api.device_name(device, text, size); });
    if (gpu.name.empty()) gpu.name = "NVIDIA GPU";
    if (api.device_uuid != nullptr)
      gpu.uuid =
          NvmlText([&](char* text, unsigned size) { return api.device_uuid(device, text, size); });
    int major = 0;
    int minor = 0;
    if (api.compute_capability != nullptr &&
        api.compute_capability(device, &major, &minor) == kNvmlSuccess)
      gpu.compute_capability = major * 10 + minor;
    NvmlPciInfo pci{};
    if (api.pci_info == nullptr || api.pci_info(device, &pci) != kNvmlSuccess) return gpu;
    pci.bus_id[sizeof(pci.bus_id) - 1] = '\0';
    gpu.pci_bus_id = SysfsBusId(pci.bus_id);
    const auto folder = sysfs_root_ / "bus/pci/devices" / gpu.pci_bus_id;
    gpu.numa_node = static_cast<int>(ReadNumber(folder / "numa_node").value_or(-1));
    return gpu;
  }

  const std::string library_;
  const std::filesystem::path proc_root_;
  const std::filesystem::path sysfs_root_;
  std::unique_ptr<Nvml> nvml_;
};

NvidiaGpuReader::NvidiaGpuReader(const DeviceOptions& options)
    : deadline_(options.driver_deadline), driver_(std::make_shared<NvidiaDriver>(options)) {}

std::future<NvidiaGpus> NvidiaGpuReader::Start() const {
  std::packaged_task<NvidiaGpus()> ask([driver = driver_]() mutable {
    NvidiaGpus found = driver->Read();
    driver.reset();  // before the answer is there: who waits for it closes the library, not this
    return found;
  });
  std::future<NvidiaGpus> answer = ask.get_future();
  std::thread(std::move(ask)).detach();
  return answer;
}

NvidiaGpus NvidiaGpuReader::Read() {
  if (late_.valid()) {
    const bool has_come = late_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
    if (!has_come) return {.problems = {Unanswered(deadline_)}};
    late_ = {};  // it is old: ask again
  }
  std::future<NvidiaGpus> answer = Start();
  if (answer.wait_for(deadline_) == std::future_status::ready) return answer.get();
  late_ = std::move(answer);
  return {.problems = {Unanswered(deadline_)}};
}

}  // namespace redline::backends
