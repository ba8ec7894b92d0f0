#include "engine/bench/thread_team.h"

namespace redline::engine {

ThreadTeam::ThreadTeam(int num_threads) : start_(num_threads), end_(num_threads) {
  for (int index = 1; index < num_threads; ++index)
    threads_.emplace_back([this, index] { Follow(index); });
}

ThreadTeam::~ThreadTeam() {
  work_ = nullptr;
  start_.arrive_and_wait();
  for (std::thread& thread : threads_) thread.join();
}

void ThreadTeam::Run(const Work& work) {
  work_ = &work;
  start_.arrive_and_wait();
  work(0);
  end_.arrive_and_wait();
}

void ThreadTeam::Follow(int index) {
  for (;;) {
    start_.arrive_and_wait();
    if (work_ == nullptr) return;
    (*work_)(index);
    end_.arrive_and_wait();
  }
}

}  // namespace redline::engine
