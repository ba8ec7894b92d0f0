// Asks a running engine, once, what it runs with; never blocks.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backends/backend.h"
#include "net/http_client.h"

namespace redline::platform {

// Owned by one thread, which calls Tick often.
class WordsReader {
 public:
  // `client` outlives the exchanges. `start_log` is kept for the words.
  WordsReader(net::HttpClient& client, std::string endpoint, std::vector<std::string> paths,
              std::string start_log);
  ~WordsReader();
  WordsReader(const WordsReader&) = delete;
  WordsReader& operator=(const WordsReader&) = delete;

  // The words, once every path was answered or could not be. Then never again.
  std::optional<backends::EngineWords> Tick();

 private:
  struct Answer;
  void Start();

  net::HttpClient& client_;
  const std::string endpoint_;
  const std::vector<std::string> paths_;
  backends::EngineWords words_;
  size_t next_ = 0;
  bool is_told_ = false;
  std::shared_ptr<net::Exchange> exchange_;
  std::shared_ptr<Answer> answer_;
};

}  // namespace redline::platform
