// The answer's text on its way through a tool-call parser. What is read is first held: it may be
// the form of a call. Then it is either passed on as content, or it was the form of a certain call
// and is dropped. One per request; not thread-safe.
//
// White space next to a call is part of its form. Between two calls of BeginCall() ... EndCall()
// nothing is content until Abandon().
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "text/output_parser.h"

namespace redline::text {

class CallStream {
 public:
  explicit CallStream(const std::vector<ToolDefinition>& tools);

  // The next piece of text; deltas go to `out` until the next Append.
  void Append(std::string_view text, OutputDelta* out);
  // The answer ended: what is held is content, unless a call was being read.
  void Finish(OutputDelta* out);

  std::string_view rest() const { return std::string_view(buffer_).substr(next_); }
  bool has_call() const { return in_call_; }
  bool Knows(std::string_view tool) const { return tools_.contains(tool); }

  // Reads the next bytes, which are held.
  void Take(size_t num_bytes);
  // Takes the white space that comes next (all of it, or as much as there is) and returns it. Right
  // after a call it is dropped.
  std::string_view TakeSpace();
  // Takes `literal` if it comes next.
  bool TakeIf(std::string_view literal);
  // Takes text up to and with `delimiter`, and appends what is before it to `*before`. False: needs
  // more text; call it again with the same arguments.
  bool TakeUntil(std::string_view delimiter, std::string* before);

  // What is held and the next bytes are content.
  void Pass(size_t num_bytes);
  // What is held is content, whatever it looked like; a call that began has ended.
  void Abandon();

  // A call is certain; what is held was its form.
  void BeginCall(std::string_view tool);
  // The next piece of the call's arguments; what is held was their form.
  void AddArguments(std::string_view json);
  void EndCall();

 private:
  void DropHeld();

  std::set<std::string, std::less<>> tools_;
  std::string buffer_;  // [held_, next_) is held, [next_, end) is to be read
  size_t held_ = 0;
  size_t next_ = 0;
  OutputDelta* out_ = nullptr;
  int64_t num_calls_ = 0;
  bool in_call_ = false;
  bool after_call_ = false;  // nothing but white space since the last call
};

enum class Progress { kMore, kDone, kFailed };  // kMore: needs more text

// Reads content up to and with `marker`, which is held with the white space before it.
// kDone or kMore.
Progress FindMarker(CallStream& stream, std::string_view marker);

}  // namespace redline::text
