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
  // None of `stops` is empty.
  explicit StopMatcher(const std::vector<std::string>& stops);

  // Takes the next piece of text; returns what is now certain to belong to the answer. After a stop
  // string was found() it returns nothing more.
  std::string Push(std::string_view text);
  // The text ended: what was held back belongs to the answer.
  std::string Flush();
  bool found() const { return found_; }

 private:
  struct Automaton {
    std::string stop;
    std::vector<size_t> border;  // [length]: longest proper border of the prefix of that length
    size_t matched = 0;          // bytes of `stop` that the text so far ends with
  };
  static void Advance(Automaton& automaton, char byte);
  size_t LongestComplete() const;
  size_t LongestPartial() const;

  std::vector<Automaton> automata_;
  std::string held_;  // the end of the text that may begin a stop string
  bool found_ = false;
};

}  // namespace redline::engine
