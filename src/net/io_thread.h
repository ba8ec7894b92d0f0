// One I/O thread with its Asio context. Internal to net: only .cc files include it.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace redline::net {

class IoThread {
 public:
  explicit IoThread(const std::string& name);
  ~IoThread() { Join(); }

  boost::asio::io_context& context() { return context_; }
  // Where its connections read to, so that an idle connection needs no buffer of its own.
  std::vector<char>& scratch() { return scratch_; }
  bool IsCurrent() const { return std::this_thread::get_id() == thread_.get_id(); }

  template <typename Function>
  void Post(Function function) {
    boost::asio::post(context_, std::move(function));
  }
  // Returns when every operation has ended: whoever calls has closed all sockets and timers.
  void Join();

 private:
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      context_.get_executor()};
  std::vector<char> scratch_;
  std::thread thread_;
};

// Threads named http-0, http-1, ...
std::vector<std::shared_ptr<IoThread>> StartIoThreads(int num_threads);

}  // namespace redline::net
