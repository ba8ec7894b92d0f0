#include "platform/server/log_broker.h"

#include <chrono>

#include "base/ids.h"

namespace redline::platform {

void LogBroker::Ask(const std::string& worker, LogQuestion question, MonotonicTime now, Done done) {
  question.id = NewId("log");
  const std::string id = question.id;
  pending_[id] = {worker, std::move(question), now, std::move(done)};
}

bool LogBroker::HasQuestionsFor(const std::string& worker) const {
  for (const auto& [id, pending] : pending_) {
    if (pending.worker == worker && !pending.handed_out) return true;
  }
  return false;
}

std::vector<LogQuestion> LogBroker::TakeQuestionsFor(const std::string& worker) {
  std::vector<LogQuestion> questions;
  for (auto& [id, pending] : pending_) {
    if (pending.worker != worker || pending.handed_out) continue;
    pending.handed_out = true;
    questions.push_back(pending.question);
  }
  return questions;
}

Status LogBroker::Reply(const std::string& question_id, const LogAnswer& answer) {
  auto found = pending_.extract(question_id);
  if (found.empty()) return NotFound("nobody waits for this part of a log any more");
  found.mapped().done(answer);
  return OkStatus();
}

void LogBroker::ExpireOld(MonotonicTime now) {
  for (auto entry = pending_.begin(); entry != pending_.end();) {
    const std::chrono::duration<double> waited = now - entry->second.asked;
    if (waited.count() < kAnswerSeconds) {
      ++entry;
      continue;
    }
    entry->second.done(
        Status(Code::kDeadlineExceeded, "the worker did not send its log in time; try again"));
    entry = pending_.erase(entry);
  }
}

}  // namespace redline::platform
