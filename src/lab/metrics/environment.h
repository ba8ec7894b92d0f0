// Where a measurement was made, as text by name: what must be equal, or be known to differ, when
// two results are compared. Reads files of /proc and /sys only; what is not there is absent.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace redline::lab {

using Environment = std::map<std::string, std::string>;

// "true" of what a simulated engine answered: computed times, and no measurement of anything.
inline constexpr char kVirtual[] = "virtual";

// Of this machine, the client's: cpu, cpus, governor, cpu_mhz, kernel, load_average, memory,
// nvidia_driver and gpus. `root` is "" but for tests.
Environment CollectEnvironment(const std::string& root = "");

// What the server tells of itself. Of the native engine's /server_info: "engine" (its name),
// "engine.version", "engine.model_path", "engine.isa" and each option as it was resolved
// ("engine.kv_cache_dtype"). Of another's (SGLang's): each number, text or flag at the top level as
// "server.NAME". Cut to 200 bytes; at most 500. Anything but an object adds nothing.
void AddServerInfo(std::string_view json_text, Environment& environment);

}  // namespace redline::lab
