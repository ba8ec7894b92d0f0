// A blocking socket for tests: sends bytes as they are and reads what comes back.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/files.h"
#include "net/http.h"

namespace redline::net {

class RawClient {
 public:
  explicit RawClient(int port);
  explicit RawClient(const std::string& unix_path);

  // False when the peer no longer takes bytes.
  bool Send(std::string_view bytes);
  // All waits end with what they wait for; `seconds` is for when it does not come.

  // Reads until the peer closes.
  std::string ReadAll(double seconds = 30);
  // Reads until `text` has come (or the end); returns everything read since the last call.
  std::string ReadUntil(std::string_view text, double seconds = 30);
  // Reads one complete response; status 0 when none came.
  HttpResponse ReadResponse(double seconds = 30, bool to_head_request = false);
  // Whether the peer closes (or resets) within `seconds`; drops what it still sends.
  bool WaitForClose(double seconds = 30);
  void ShutdownSend();
  void Close() { fd_.Reset(); }
  void Reset();  // closes with RST
  int fd() const { return fd_.get(); }

 private:
  bool Receive(double seconds);  // false: nothing came, or the end

  UniqueFd fd_;
  std::string buffer_;
  bool ended_ = false;
};

// "GET PATH HTTP/1.1" with a Host.
std::string GetRequest(const std::string& path, const std::string& extra_headers = {});
std::string PostRequest(const std::string& path, const std::string& body,
                        const std::string& extra_headers = {});
// Polls `condition` until it holds; false after `seconds`.
bool WaitFor(const std::function<bool()>& condition, double seconds = 30);

}  // namespace redline::net
