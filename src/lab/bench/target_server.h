// Questions put to the server before a run: what it serves, which API it has, how it counts tokens.
// Blocking; one owner thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "lab/load/load_options.h"
#include "net/http_client.h"
#include "workload/word_finder.h"

namespace redline::lab {

class TargetServer {
 public:
  struct Reply {
    int status = 0;
    std::string body;
  };

  // `url` as LoadOptions::url. A question waits `answer_seconds` at most, and no longer than until
  // `stop` (may be nullptr) becomes true: kDeadlineExceeded, kCancelled.
  TargetServer(std::string url, net::Headers headers, double answer_seconds,
               const std::atomic<bool>* stop);

  // The model to ask for: `wanted`, or the only one that is served. kUnavailable: nobody answers;
  // kNotFound: `wanted` is not among the served ones (whose names are told).
  Result<std::string> ResolveModel(const std::string& wanted);
  // Whether /v1/models says that the model's engine is simulated; known after ResolveModel.
  bool is_virtual() const { return is_virtual_; }
  // Whether /v1/completions takes token ids and tells how many there were.
  Result<bool> TakesTokenIds(const std::string& model);
  // The largest vocabulary that ids can surely be drawn from: the server's own word where it has
  // one (/server_info), else the largest of a few sizes whose last id it accepts.
  Result<int64_t> VocabSize(const std::string& model, Api api);
  // What /server_info says, as JSON text; "" where there is none.
  std::string ServerInfo();

  // Counts by /tokenize where the server has it, else by the usage of requests for one token.
  // Counts of chats include what the template adds. Lives no longer than this object.
  Result<workload::TokenCounter> MakeTokenCounter(const std::string& model, Api api);

 private:
  // Asked again, up to three times, after a refusal that may pass (429, 5xx, a broken connection).
  Result<Reply> Ask(const std::string& method, const std::string& path, const std::string& body);
  Result<Reply> AskOnce(const std::string& method, const std::string& path,
                        const std::string& body);
  Result<Reply> Complete(const std::string& model, Api api, const std::string& prompt_json);
  Result<int64_t> CountByUsage(const std::string& model, Api api, const std::string& text);
  Result<int64_t> CountByTokenize(const std::string& model, Api api, const std::string& text);

  const std::string url_;  // without "/v1" and without a slash at its end
  const net::Headers headers_;
  const double answer_seconds_;
  const std::atomic<bool>* const stop_;
  bool is_virtual_ = false;
  net::HttpClient client_;
};

}  // namespace redline::lab
