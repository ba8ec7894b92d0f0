#include "platform/gateway/server_proxy.h"

#include "base/strings.h"

namespace redline::platform {
namespace {

constexpr size_t kMaxAnswerBytes = size_t{64} << 20;

// Of one connection only, or made anew by each side.
bool IsHopByHop(std::string_view name) {
  for (const std::string_view hop :
       {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade",
        "content-length", "host", "expect", "proxy-connection"}) {
    if (ToLower(name) == hop) return true;
  }
  return false;
}

net::Headers EndToEnd(const net::Headers& headers) {
  net::Headers kept;
  for (const auto& header : headers) {
    if (!IsHopByHop(header.first)) kept.push_back(header);
  }
  return kept;
}

}  // namespace

void ServerProxy::Forward(net::HttpRequest request,
                          std::shared_ptr<net::ResponseWriter> writer) const {
  // shared_ptr because three callbacks of one exchange fill it in turn.
  auto response = std::make_shared<net::HttpResponse>();
  net::ClientRequest forwarded;
  forwarded.method = request.method;
  // The normalised path, so that what was judged is what is asked for.
  const size_t query = request.target.find('?');
  forwarded.url = "unix:" + server_socket_ + ":" + request.path +
                  (query == std::string::npos ? "" : request.target.substr(query));
  forwarded.headers = EndToEnd(request.headers);
  forwarded.body = std::move(request.body);
  net::ExchangeCallbacks callbacks;
  callbacks.on_head = [response](int status, const net::Headers& headers) {
    response->status = status;
    response->headers = EndToEnd(headers);
  };
  callbacks.on_body = [response](std::string_view bytes) {
    if (response->body.size() + bytes.size() <= kMaxAnswerBytes) response->body.append(bytes);
  };
  callbacks.on_done = [response, writer](const Status& status) {
    if (status.ok()) {
      writer->Send(std::move(*response));
    } else {
      writer->Send(net::ErrorResponse(
          Unavailable("the management server is not answering; inference goes on; try again "
                      "shortly, or see redline doctor")));
    }
  };
  client_.Start(std::move(forwarded), std::move(callbacks));
}

}  // namespace redline::platform
