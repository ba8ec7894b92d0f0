#include "platform/agent/node_share.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/files.h"

namespace redline::platform {

int64_t FreeLoopbackPort() {
  const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* any = reinterpret_cast<sockaddr*>(&address);
  if (::bind(socket.get(), any, size) != 0 || ::getsockname(socket.get(), any, &size) != 0)
    return 0;
  return ntohs(address.sin_port);
}

void ShareGpus(const std::vector<int64_t>& gpus, const backends::EngineFacts& engine,
               std::map<std::string, std::string>& environment) {
  if (engine.is_built_in) return;  // it knows nothing of GPUs
  if (gpus.empty()) {
    environment.emplace("CUDA_VISIBLE_DEVICES", "");
    return;
  }
  environment["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID";
  environment["CUDA_VISIBLE_DEVICES"] = fmt::format("{}", fmt::join(gpus, ","));
}

}  // namespace redline::platform
