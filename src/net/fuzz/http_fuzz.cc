// libFuzzer entry: any bytes as requests and as responses, whole and in two pieces; the pieces must
// not change what is read.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "net/http_parser.h"
#include "net/target.h"

namespace {

using redline::net::HttpParser;
using redline::net::MessageKind;

// What a message was read as; empty when it was refused.
std::string Read(MessageKind kind, std::string_view bytes, size_t split) {
  const auto parser = HttpParser::Create(kind, {.max_header_bytes = 4096, .max_body_bytes = 4096});
  std::string input;
  for (const std::string_view piece : {bytes.substr(0, split), bytes.substr(split)}) {
    input.append(piece);
    for (size_t consumed = 1; consumed > 0 && !input.empty();) {
      consumed = parser->Feed(input);
      input.erase(0, consumed);
    }
  }
  parser->FeedEof();
  if (parser->state() != HttpParser::State::kDone) return {};
  std::string out = parser->head().method + " " + parser->head().target + " " +
                    std::to_string(parser->head().status) + " ";
  for (const auto& [name, value] : parser->head().headers) out += name + ":" + value + "\n";
  return out + parser->TakeBody();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const MessageKind kind : {MessageKind::kRequest, MessageKind::kResponse}) {
    const std::string whole = Read(kind, bytes, size);
    if (whole != Read(kind, bytes, size / 2)) abort();
  }
  const auto target = redline::net::ParseTarget(bytes);
  if (target.ok() &&
      redline::net::ParseTarget(redline::net::PercentEncodePath(target->path))->path !=
          target->path)
    abort();
  return 0;
}
