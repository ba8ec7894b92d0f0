// Computes the token masks of constrained sequences on a thread of its own, beside the forward
// pass.
//
// Start hands over, Wait takes back; in between the sequences' constraints and masks belong to the
// filler's thread, and nobody else touches them. The thread starts with the first work there is.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/runtime/sequence.h"

namespace redline::engine {

class MaskFiller {
 public:
  MaskFiller() = default;
  ~MaskFiller();
  MaskFiller(const MaskFiller&) = delete;
  MaskFiller& operator=(const MaskFiller&) = delete;

  // Fills `mask` and `mask_status` of each sequence; all have a constraint. Not while work is under
  // way.
  void Start(std::vector<Sequence*> sequences);
  // Returns when the work is done; at once when there is none.
  void Wait();

 private:
  void Run();

  std::mutex mutex_;  // guards the rest, the thread aside
  std::condition_variable changed_;
  std::vector<Sequence*> work_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace redline::engine
