// libFuzzer entry: any bytes as the answer of a server, to each API, whole and in pieces. However
// they are cut, the record is the same, and it has an end.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include "lab/load/answer_reader.h"

namespace {

using redline::lab::AnswerReader;
using redline::lab::Api;
using redline::lab::RequestRecord;

struct Seen {
  RequestRecord record;
  std::string error;
  int32_t num_outputs = 0;
};

// In pieces of `piece_bytes`; each is a copy that is gone when the next one comes.
Seen Read(const AnswerReader::Rules& rules, std::string_view bytes, size_t piece_bytes) {
  Seen seen;
  seen.record.output_tokens = 4;
  AnswerReader reader;
  reader.Begin(rules, seen.record);
  bool has_ended = false;
  while (!bytes.empty() && !has_ended) {
    const std::string piece(bytes.substr(0, piece_bytes));
    bytes.remove_prefix(piece.size());
    has_ended = reader.Feed(piece, 1);
    seen.num_outputs += reader.new_outputs();
  }
  if (!has_ended) {
    reader.FeedEnd(1);
    seen.num_outputs += reader.new_outputs();
  }
  if (reader.error().empty() != seen.record.ok()) abort();
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const Api api : {Api::kCompletions, Api::kGenerate}) {
    for (const bool stream : {true, false}) {
      const AnswerReader::Rules rules = {.api = api, .stream = stream};
      const Seen whole = Read(rules, bytes, size + 1);
      for (const size_t piece_bytes : {size_t{1}, size_t{7}, size / 2 + 1}) {
        const Seen cut = Read(rules, bytes, piece_bytes);
        if (cut.record.outcome != whole.record.outcome ||
            cut.record.num_events != whole.record.num_events ||
            cut.num_outputs != cut.record.num_events ||
            cut.record.usage_output != whole.record.usage_output)
          abort();
      }
    }
  }
  return 0;
}
