#include "net/io_thread.h"

#include <fmt/format.h>
#include <pthread.h>

#include <exception>

#include "base/log.h"

namespace redline::net {
namespace {

constexpr size_t kScratchBytes = 64 << 10;

void RunContext(boost::asio::io_context& context) {
  while (true) {
    try {
      context.run();
      return;
    } catch (const std::exception& error) {
      // A callback of another room threw: its exchange is lost, the thread is not.
      LogError("net", "an I/O callback threw: {}", error.what());
    }
  }
}

}  // namespace

IoThread::IoThread(const std::string& name)
    : scratch_(kScratchBytes), thread_([this, name] {
        pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
        RunContext(context_);
      }) {}

void IoThread::Join() {
  work_.reset();
  if (thread_.joinable()) thread_.join();
}

std::vector<std::shared_ptr<IoThread>> StartIoThreads(int num_threads) {
  std::vector<std::shared_ptr<IoThread>> threads;
  for (int index = 0; index < num_threads; ++index)
    threads.push_back(std::make_shared<IoThread>(fmt::format("http-{}", index)));
  return threads;
}

}  // namespace redline::net
