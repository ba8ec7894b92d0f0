// Where a measurement was made, as text by name: what must be equal, or be known to differ, when
// two results are compared. Reads files of /proc and /sys only; what is not there is absent.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace redline::lab {

using Environment = std::map<std::string, std::string>;

// Of this machine, the client's: cpu, cpus, governor, cpu_mhz, kernel, load_average, memory,
// nvidia_driver and gpus. `root` is "" but for tests.
Environment CollectEnvironment(const std::string& root = "");

// What the server tells of itself (SGLang's /server_info, the native engine's): each number, text
// or flag at the top level of a JSON object as "server.NAME", cut to 200 bytes; at most 500.
// Anything but an object adds nothing.
void AddServerInfo(std::string_view json_text, Environment& environment);

}  // namespace redline::lab
