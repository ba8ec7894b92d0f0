// Questions for pieces of engines' logs and for their figures: the management API asks, the worker
// that has the engine picks the question up with its next (or waiting) poll and posts the reply.
// Owner: the control thread.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"

namespace redline::platform {

struct LogQuestion {
  std::string id;
  std::string instance_id;
  int64_t after = -1;  // byte offset; -1: the last max_bytes
  int64_t max_bytes = 0;
  // Not a log, but what the engine counts: where it listens, and which it is. The answer's text is
  // then a JSON object by the names of backends/engine_metrics.h; "": it did not answer.
  std::string metrics_of;  // "unix:/…" or "http://127.0.0.1:PORT"; "": a log
  std::string engine;
};

struct LogAnswer {
  std::string text;
  int64_t next = 0;
};

class LogBroker {
 public:
  using Done = std::function<void(const Result<LogAnswer>&)>;

  // `done` is called once, at the latest after kAnswerSeconds.
  void Ask(const std::string& worker, LogQuestion question, MonotonicTime now, Done done);
  bool HasQuestionsFor(const std::string& worker) const;
  // Each question is handed out once.
  std::vector<LogQuestion> TakeQuestionsFor(const std::string& worker);
  // kNotFound when nobody waits for it any more.
  Status Reply(const std::string& question_id, const LogAnswer& answer);
  void ExpireOld(MonotonicTime now);

  static constexpr double kAnswerSeconds = 10;

 private:
  struct Pending {
    std::string worker;
    LogQuestion question;
    MonotonicTime asked;
    Done done;
    bool handed_out = false;
  };
  std::map<std::string, Pending> pending_;  // by id
};

}  // namespace redline::platform
