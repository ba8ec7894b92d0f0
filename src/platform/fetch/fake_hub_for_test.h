// An HTTP/1.1 server on a raw socket that can misbehave in every way a test needs.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace redline::platform {

struct HubRequest {
  std::string target;
  std::map<std::string, std::string> headers;  // names in lower case
};

struct HubReply {
  std::string bytes;                 // head and body, as they go over the wire
  bool reset = false;                // ends with RST instead of FIN,
  std::function<bool()> reset_when;  // once this holds: what the peer has not read is lost
  int pause_ms = 0;                  // before `more`
  std::string more;
};

// Status line, Content-Length and `headers` ("Name: value\r\n" each), then the body.
HubReply Answer(int status, const std::string& body, const std::string& headers = "");
// What a correct server answers for `content`: 206 for a fitting Range, else 200.
HubReply Serve(const HubRequest& request, const std::string& content, const std::string& etag);

// One connection per request. Handlers run on the server's thread, one at a time.
class FakeHub {
 public:
  using Handler = std::function<HubReply(const HubRequest& request)>;
  explicit FakeHub(Handler handler);
  ~FakeHub();

  std::string endpoint() const;
  std::vector<HubRequest> requests() const;

 private:
  void Loop();
  void Handle(int fd);

  Handler handler_;
  int listen_fd_ = -1;
  int port_ = 0;
  mutable std::mutex mutex_;  // guards requests_
  std::vector<HubRequest> requests_;
  std::jthread thread_;
};

}  // namespace redline::platform
