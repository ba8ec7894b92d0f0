#include "platform/server/lab_jobs.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>

#include "base/clock.h"
#include "base/files.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/process.h"
#include "base/strings.h"
#include "net/json_body.h"
#include "spec/json.h"
#include "spec/json_fields.h"

namespace redline::platform {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kIdPrefix = "lab";
constexpr char kRecord[] = "job.json";
constexpr char kLog[] = "log.txt";
constexpr char kJournal[] = "journal.jsonl";
constexpr uint64_t kMostRecordBytes = uint64_t{1} << 20;

bool HasFile(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

Result<LabJob> ReadRecord(const fs::path& folder) {
  RL_ASSIGN_OR_RETURN(const std::string text, ReadFile(folder / kRecord, kMostRecordBytes));
  const net::JsonLimits limits = {.max_bytes = kMostRecordBytes, .max_depth = 8};
  RL_ASSIGN_OR_RETURN(const auto document, net::ParseJsonObject(text, limits));
  RL_ASSIGN_OR_RETURN(LabJob job,
                      spec::FieldsFromJson<LabJob>(document, spec::UnknownKeys::kIgnore));
  if (job.id != folder.filename().string())
    return InvalidArgument("the record is of another job, " + Excerpt(job.id));
  return job;
}

// The last line of its log, as the command line ends with what went wrong.
std::string LastWords(const fs::path& log) {
  constexpr uint64_t kTailBytes = 8192;
  constexpr std::string_view kPrefix = "redline: ";
  const auto tail = ReadTail(log, kTailBytes);
  if (!tail.ok()) return "";
  std::string last;
  for (const std::string& line : Split(*tail, '\n')) {
    if (!Trim(line).empty()) last = std::string(Trim(line));
  }
  if (last.starts_with(kPrefix)) last.erase(0, kPrefix.size());
  return Excerpt(last, 1000);
}

// The figures and flaws that its command told last. What is not as it should be is passed over.
void TakeFigures(const fs::path& status_file, LabJob& job) {
  constexpr size_t kMost = 32;
  const auto text = ReadFile(status_file, kMostRecordBytes);
  const auto status =
      nlohmann::json::parse(text.ok() ? *text : std::string(), nullptr, /*allow_exceptions=*/false);
  if (!status.is_object()) return;
  if (const auto found = status.find("figures"); found != status.end() && found->is_object()) {
    for (const auto& [name, value] : found->items())
      if (value.is_number() && job.figures.size() < kMost) job.figures[Excerpt(name, 64)] = value;
  }
  if (const auto found = status.find("flaws"); found != status.end() && found->is_array()) {
    for (const auto& flaw : *found)
      if (flaw.is_string() && job.flaws.size() < kMost)
        job.flaws.push_back(Excerpt(flaw.get<std::string>(), 500));
  }
}

bool CanResume(const LabJob& job) {
  return job.request.kind == "tune" && !job.is_running() && job.state != lab_state::kFinished;
}

}  // namespace

LabJobs::LabJobs(LabPlaces places) : places_(std::move(places)) { Load(); }

LabJobs::~LabJobs() {
  if (child_ == 0) return;
  ::kill(child_, SIGKILL);
  ::waitpid(child_, nullptr, 0);
}

void LabJobs::Load() {
  std::error_code error;
  for (fs::directory_iterator folder(places_.jobs, error), end; !error && folder != end;
       folder.increment(error)) {
    auto job = ReadRecord(folder->path());
    if (!job.ok()) {
      LogError("lab", "{} is passed over: {}", folder->path().string(), job.status().message());
      continue;
    }
    if (job->is_running()) {
      job->state = lab_state::kInterrupted;
      job->ended_at_ms = UnixMillis();
      if (const Status saved = Save(*job); !saved.ok()) LogError("lab", "{}", saved.message());
    }
    jobs_.emplace(job->id, *job);
  }
}

Status LabJobs::Save(const LabJob& job) const {
  return WriteFileAtomic(FolderOf(job.id) / kRecord, spec::DumpJson(spec::FieldsToJson(job)) + "\n",
                         0600);
}

LabJobView LabJobs::ViewOf(const LabJob& job) const {
  return {job, HasFile(FolderOf(job.id) / "result.json"), CanResume(job)};
}

std::vector<LabJobView> LabJobs::List() const {
  std::vector<LabJobView> views;
  for (const auto& [id, job] : jobs_) views.push_back(ViewOf(job));
  std::stable_sort(views.begin(), views.end(), [](const LabJobView& a, const LabJobView& b) {
    return a.job.created_at_ms > b.job.created_at_ms;
  });
  return views;
}

Result<LabJob*> LabJobs::FindJob(const std::string& id) {
  if (const auto found = jobs_.find(id); found != jobs_.end()) return &found->second;
  std::vector<std::string> ids;
  for (const auto& [known, job] : jobs_) ids.push_back(known);
  return NotFound(fmt::format("the lab has no job \"{}\"{}; GET /api/v1/lab/jobs lists them",
                              EscapeControl(Excerpt(id)), DidYouMean(id, ids)),
                  "id");
}

Result<LabJobView> LabJobs::Find(const std::string& id) const {
  RL_ASSIGN_OR_RETURN(const LabJob* job, const_cast<LabJobs*>(this)->FindJob(id));
  return ViewOf(*job);
}

Status LabJobs::CheckFree() const {
  if (running_.empty()) return OkStatus();
  const LabJob& job = jobs_.at(running_);
  const LabJobBody& asked = job.request;
  return FailedPrecondition(fmt::format(
      "a {} of {} is running ({}), and two would disturb each other: wait for its end, or stop it "
      "with POST /api/v1/lab/jobs/{}/stop",
      asked.kind, asked.kind == "tune" ? asked.model : asked.deployment, job.id, job.id));
}

Result<LabJobView> LabJobs::Start(const LabJobBody& body, bool is_virtual) {
  RL_RETURN_IF_ERROR(CheckFree());
  if (jobs_.size() >= kMostKept)
    return FailedPrecondition(fmt::format(
        "{} jobs are kept, the most there may be: delete some with DELETE /api/v1/lab/jobs/ID",
        jobs_.size()));
  LabJob job{.id = NewId(kIdPrefix),
             .is_virtual = is_virtual,
             .created_at_ms = UnixMillis(),
             .request = body};
  // Prompts that no run before has sent, which a prefix cache would answer; kept with the request.
  if (body.kind == "bench" && !body.seed) job.request.seed = job.created_at_ms;
  RL_RETURN_IF_ERROR(MakeDirectories(FolderOf(job.id), 0700));
  if (const Status started = Run(job, Sitting::kFirst); !started.ok()) {
    std::error_code ignored;
    fs::remove_all(FolderOf(job.id), ignored);
    return started;
  }
  const LabJobView view = ViewOf(job);
  jobs_.emplace(job.id, std::move(job));
  return view;
}

// The key is in no argument: `bench` reads it from the data directory, as it does the address.
Status LabJobs::Run(LabJob& job, Sitting sitting) {
  job.state = lab_state::kRunning;
  job.error.clear();
  job.figures.clear();
  job.flaws.clear();
  job.started_at_ms = UnixMillis();
  job.ended_at_ms = 0;
  RL_RETURN_IF_ERROR(Save(job));
  const fs::path folder = FolderOf(job.id);
  const SpawnOptions options{.argv = LabCommand(job.request, places_, folder, sitting),
                             .env = {{"REDLINE_SERVER", ""}, {"REDLINE_API_KEY", ""}},
                             .stdout_path = folder / kLog,
                             .stderr_path = folder / kLog,
                             .working_directory = folder,
                             .new_session = true,
                             .die_with_parent = true};
  RL_ASSIGN_OR_RETURN(child_, Spawn(options));
  running_ = job.id;
  return OkStatus();
}

Result<LabJobView> LabJobs::Stop(const std::string& id) {
  RL_ASSIGN_OR_RETURN(LabJob * job, FindJob(id));
  if (!job->is_running())
    return FailedPrecondition(fmt::format("{} does not run: it is {}", id, job->state));
  ::kill(child_, job->state == lab_state::kStopping ? SIGKILL : SIGINT);
  job->state = lab_state::kStopping;
  return ViewOf(*job);
}

Result<LabJobView> LabJobs::Resume(const std::string& id) {
  RL_ASSIGN_OR_RETURN(LabJob * job, FindJob(id));
  if (!CanResume(*job))
    return FailedPrecondition(
        job->request.kind != "tune"
            ? std::string("a bench cannot be gone on with; start another one")
            : fmt::format("{} is {}: only a tune that was stopped, interrupted or failed goes on",
                          id, job->state));
  RL_RETURN_IF_ERROR(CheckFree());
  const LabJob before = *job;
  const bool has_journal = HasFile(FolderOf(id) / kJournal);
  if (const Status started = Run(*job, has_journal ? Sitting::kResumed : Sitting::kFirst);
      !started.ok()) {
    *job = before;
    return started;
  }
  return ViewOf(*job);
}

Status LabJobs::Remove(const std::string& id) {
  RL_ASSIGN_OR_RETURN(const LabJob* job, FindJob(id));
  if (job->is_running())
    return FailedPrecondition(
        fmt::format("{} runs: stop it first, with POST /api/v1/lab/jobs/{}/stop", id, id));
  std::error_code error;
  fs::remove_all(FolderOf(id), error);
  if (error) return ErrnoStatus("removing " + FolderOf(id).string(), error.value());
  jobs_.erase(id);
  return OkStatus();
}

void LabJobs::Poll() {
  if (child_ == 0) return;
  int wait_status = 0;
  if (::waitpid(child_, &wait_status, WNOHANG) != child_) return;
  child_ = 0;
  LabJob& job = jobs_.at(running_);
  running_.clear();
  End(job, wait_status);
}

void LabJobs::End(LabJob& job, int wait_status) {
  const bool was_stopped = job.state == lab_state::kStopping;
  job.ended_at_ms = UnixMillis();
  TakeFigures(FolderOf(job.id) / "status.json", job);
  if (job.state == lab_state::kInterrupted) {
    LogInfo("lab", "{} has ended with the server", job.id);
  } else if (was_stopped) {
    job.state = lab_state::kStopped;
  } else if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0) {
    job.state = lab_state::kFinished;
  } else {
    job.state = lab_state::kFailed;
    job.error = LastWords(FolderOf(job.id) / kLog);
    if (job.error.empty()) job.error = DescribeWaitStatus(wait_status);
  }
  if (const Status saved = Save(job); !saved.ok()) LogError("lab", "{}", saved.message());
}

void LabJobs::Interrupt() {
  if (child_ == 0) return;
  ::kill(child_, SIGINT);
  LabJob& job = jobs_.at(running_);
  job.state = lab_state::kInterrupted;
  job.ended_at_ms = UnixMillis();
  if (const Status saved = Save(job); !saved.ok()) LogError("lab", "{}", saved.message());
}

}  // namespace redline::platform
