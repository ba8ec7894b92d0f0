#include "lab/bench/energy_meter.h"

#include <cstdlib>
#include <string>

#include "base/files.h"

namespace redline::lab {
namespace {

namespace fs = std::filesystem;

// -1 when it cannot be read (root only, since 2020).
double ReadNumber(const fs::path& path) {
  const auto text = ReadFile(path.string());
  if (!text.ok() || text->empty()) return -1;
  return std::strtod(text->c_str(), nullptr);
}

}  // namespace

EnergyMeter::EnergyMeter(fs::path root) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(root, error)) {
    const std::string name = entry.path().filename().string();
    // "intel-rapl:0" is a package (AMD's, too), "intel-rapl:0:1" a part of one.
    const size_t colon = name.find(':');
    if (!name.starts_with("intel-rapl") || colon == std::string::npos ||
        name.find(':', colon + 1) != std::string::npos)
      continue;
    const Package package{entry.path() / "energy_uj",
                          ReadNumber(entry.path() / "max_energy_range_uj"), 0};
    if (ReadNumber(package.counter) >= 0 && package.range_uj > 0) packages_.push_back(package);
  }
}

void EnergyMeter::Start() {
  for (Package& package : packages_) package.start_uj = ReadNumber(package.counter);
}

double EnergyMeter::Joules() const {
  double microjoules = 0;
  for (const Package& package : packages_) {
    double used = ReadNumber(package.counter) - package.start_uj;
    if (used < 0) used += package.range_uj;
    microjoules += used;
  }
  return microjoules / 1e6;
}

}  // namespace redline::lab
