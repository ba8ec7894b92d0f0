// Finds stop strings in a growing text without ever letting a part of one out.
//
// The result does not depend on how the text is cut into pieces: the stop string that ends first
// wins, of those that end together the longest. Linear in the text (one Knuth-Morris-Pratt
// automaton per stop string). One per request; not thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace redline::engine {

class StopMatcher {
 public:
  enum class StopText { kLeftOut, kIncluded };
  // None of `stops` is empty. `stop_text`: whether the stop string that is found belongs to the
  // answer.
  explicit StopMatcher(const std::vector<std::string>& stops,
                       StopText stop_text = StopText::kLeftOut);

  // Takes the next piece of text; returns what is now certain to belong to the answer. After a stop
  // string was found() it returns nothing more.
  std::string Push(std::string_view text);
  // The text ended: what was held back belongs to the answer.
  std::string Flush();
  bool found() const { return !found_stop_.empty(); }
  // The stop string that was found.
  const std::string& found_stop() const { return found_stop_; }

 private:
  struct Automaton {
    std::string stop;
    std::vector<size_t> border;  // [length]: longest proper border of the prefix of that length
    size_t matched = 0;          // bytes of `stop` that the text so far ends with
  };
  static void Advance(Automaton& automaton, char byte);
  size_t LongestComplete() const;
  size_t LongestPartial() const;

  const StopText stop_text_;
  std::vector<Automaton> automata_;
  std::string held_;  // the end of the text that may begin a stop string
  std::string found_stop_;
};

}  // namespace redline::engine
