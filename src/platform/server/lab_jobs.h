// Jobs of the lab: `redline bench` and `redline tune` as child processes of the server, one at a
// time, each with a folder that holds its record, log, status, result and report. A child dies with
// the thread that started it; records stay. Owner: the control thread.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "platform/server/lab_command.h"

namespace redline::platform {

class LabJobs {
 public:
  static constexpr size_t kMostKept = 1000;

  // Reads the records: what was running when the server ended is interrupted.
  explicit LabJobs(LabPlaces places);
  ~LabJobs();
  LabJobs(const LabJobs&) = delete;
  LabJobs& operator=(const LabJobs&) = delete;

  // `body` was checked. kFailedPrecondition, with what to do, while another job runs.
  Result<LabJobView> Start(const LabJobBody& body, bool is_virtual);
  // Newest first.
  std::vector<LabJobView> List() const;
  // kNotFound with the nearest id, as all below.
  Result<LabJobView> Find(const std::string& id) const;
  // The first time an interrupt, after which it writes what it has; again: the process is killed.
  Result<LabJobView> Stop(const std::string& id);
  // A tune goes on from its journal.
  Result<LabJobView> Resume(const std::string& id);
  Status Remove(const std::string& id);

  std::filesystem::path FolderOf(const std::string& id) const { return places_.jobs / id; }
  // Takes note of a child that has ended.
  void Poll();
  // The server ends: the child is told so and its job is interrupted.
  void Interrupt();

 private:
  Result<LabJob*> FindJob(const std::string& id);
  Status CheckFree() const;
  Status Run(LabJob& job, Sitting sitting);
  Status Save(const LabJob& job) const;
  void End(LabJob& job, int wait_status);
  LabJobView ViewOf(const LabJob& job) const;
  void Load();

  const LabPlaces places_;
  std::map<std::string, LabJob> jobs_;
  std::string running_;  // id; "": none
  pid_t child_ = 0;
};

}  // namespace redline::platform
