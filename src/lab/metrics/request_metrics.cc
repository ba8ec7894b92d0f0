#include "lab/metrics/request_metrics.h"

namespace redline::lab {
namespace {

using Value = std::optional<double>;

Value Between(int64_t from_ns, int64_t to_ns) {
  if (from_ns < 0 || to_ns < 0) return std::nullopt;
  return static_cast<double>(to_ns - from_ns) / 1e6;
}

// `value` shared among `count` tokens.
Value Per(Value value, int64_t count) {
  if (!value || count <= 0) return std::nullopt;
  return *value / static_cast<double>(count);
}

}  // namespace

Value TtftMs(const RequestRecord& record) { return Between(record.sent_ns, record.first_token_ns); }

Value TtftFromIntendedMs(const RequestRecord& record) {
  return Between(record.intended_ns, record.first_token_ns);
}

Value TpotMs(const RequestRecord& record) {
  return Per(Between(record.first_token_ns, record.last_token_ns), record.OutputTokens() - 1);
}

Value TpotGuidellmMs(const RequestRecord& record) {
  return Per(Between(record.sent_ns, record.last_token_ns), record.OutputTokens());
}

Value NtpotMs(const RequestRecord& record) { return Per(E2eMs(record), record.OutputTokens()); }

Value MaxGapMs(const RequestRecord& record) {
  if (record.num_events < 2) return std::nullopt;
  return record.max_gap_us / 1e3;
}

Value E2eMs(const RequestRecord& record) { return Between(record.sent_ns, record.end_ns); }

Value E2eFromIntendedMs(const RequestRecord& record) {
  return Between(record.intended_ns, record.end_ns);
}

Value QueueMs(const RequestRecord& record) { return Between(record.intended_ns, record.sent_ns); }

Value HeadMs(const RequestRecord& record) { return Between(record.sent_ns, record.head_ns); }

Value InteractivityTps(const RequestRecord& record) {
  const Value tpot = TpotMs(record);
  if (!tpot || *tpot <= 0) return std::nullopt;
  return 1e3 / *tpot;
}

Value TokensPerEvent(const RequestRecord& record) {
  if (record.num_events <= 0) return std::nullopt;
  return static_cast<double>(record.OutputTokens()) / record.num_events;
}

Value InputTokensOf(const RequestRecord& record) { return record.InputTokens(); }

Value OutputTokensOf(const RequestRecord& record) { return record.OutputTokens(); }

Value CachedTokensOf(const RequestRecord& record) {
  if (record.usage_cached < 0) return std::nullopt;
  return record.usage_cached;
}

}  // namespace redline::lab
