// libFuzzer entry: any bytes as JSON and as an event stream.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>

#include "net/json_body.h"
#include "net/sse.h"

namespace {

std::string ReadEvents(std::string_view bytes, size_t split) {
  std::string out;
  redline::net::SseReader reader(
      [&](const redline::net::ServerSentEvent& event) {
        out += event.type + "|" + event.id + "|" + event.data + "\n";
        return true;
      },
      4096);
  if (!reader.Feed(bytes.substr(0, split)).ok() || !reader.Feed(bytes.substr(split)).ok())
    return {};
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto json = redline::net::ParseJson(bytes);
  // What is read once is read again from what is written.
  if (json.ok() && !redline::net::ParseJson(json->dump()).ok()) abort();
  if (!redline::net::ParseJson(redline::net::JsonString(bytes)).ok()) abort();
  if (ReadEvents(bytes, size) != ReadEvents(bytes, size / 2)) abort();
  return 0;
}
