// Energy of the machine's processor packages, from the counters of Intel's and AMD's RAPL. Only
// what serves on this machine is in it. One owner thread.
#pragma once

#include <filesystem>
#include <vector>

namespace redline::lab {

class EnergyMeter {
 public:
  explicit EnergyMeter(std::filesystem::path root = "/sys/class/powercap");

  // Whether any counter can be read.
  bool available() const { return !packages_.empty(); }
  void Start();
  // Joules since Start(); 0 when there is no counter. A counter that wrapped around once is right.
  double Joules() const;

 private:
  struct Package {
    std::filesystem::path counter;  // microjoules
    double range_uj = 0;            // it wraps here
    double start_uj = 0;
  };
  std::vector<Package> packages_;
};

}  // namespace redline::lab
