// Reads one answer from the bytes of its connection into a RequestRecord: framing, events, usage,
// and how it ended. One owner thread; used again for the connection's next request.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lab/load/event_scanner.h"
#include "lab/load/load_options.h"
#include "lab/load/response_reader.h"
#include "lab/load/sse_scanner.h"
#include "lab/request_record.h"

namespace redline::lab {

class AnswerReader {
 public:
  // How answers are judged: the same for a whole run.
  struct Rules {
    Api api = Api::kChat;
    bool stream = true;
    bool check_input_tokens = false;
  };

  // `record` is filled until the answer has ended.
  void Begin(const Rules& rules, RequestRecord& record);
  // Bytes that arrived at now_ns (after the run's begin). True: the answer has ended and
  // record.outcome is set.
  bool Feed(std::string_view bytes, int64_t now_ns);
  // The connection has ended: so has the answer.
  void FeedEnd(int64_t now_ns);

  // Events with output in the last Feed(): they arrived together.
  int32_t new_outputs() const { return new_outputs_; }
  bool has_begun() const { return response_.has_begun(); }
  // After the end: whether the connection can take another request.
  bool can_reuse() const { return can_reuse_; }
  // What is wrong with an answer that is not ok.
  const std::string& error() const { return error_; }

 private:
  // An answer that is not streamed, or the beginning of an error's text.
  static constexpr size_t kMaxBodyBytes = 16 << 20;
  static constexpr size_t kMaxErrorBytes = 4096;

  bool OnBody(std::string_view piece);
  bool OnEvent(std::string_view data);
  void Take(const EventFacts& facts);
  bool Fail(Outcome outcome, std::string_view message, std::string_view excerpt = {});
  void OnEnd();
  bool CheckUsage();
  void StampOutputs(int64_t now_ns);

  Rules rules_;
  RequestRecord* record_ = nullptr;
  ResponseReader response_;
  SseScanner sse_;
  EventScanner events_;
  std::string body_;
  std::string error_;
  int32_t new_outputs_ = 0;
  bool has_done_ = false;  // [DONE] came
  bool has_failed_ = false;
  bool can_reuse_ = false;
};

}  // namespace redline::lab
