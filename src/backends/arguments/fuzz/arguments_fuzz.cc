// libFuzzer entry: any bytes as an argument list, a word a line, for a table that has every kind of
// argument, by argparse's rules and by click's. What is accepted names only arguments of the table.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "backends/arguments/argument_parser.h"
#include "base/strings.h"

namespace {

constexpr std::string_view kTable = R"({"engine": "e", "version": "1", "arguments": [
  {"flags": ["-h", "--help"], "dest": "help", "action": "help"},
  {"flags": ["--tensor-parallel-size", "-tp"], "dest": "tp", "type": "int", "default": 1},
  {"flags": ["--nnodes", "-n"], "dest": "nnodes", "type": "int"},
  {"flags": ["--tensor-split"], "dest": "split", "type": "float", "nargs": "+"},
  {"flags": ["--dtype"], "dest": "dtype", "choices": ["auto", "bfloat16"], "nargs": "?"},
  {"flags": ["--cache", "--no-cache"], "dest": "cache", "action": "boolean_optional"},
  {"flags": ["--hook"], "dest": "hook", "action": "append", "nargs": "2"},
  {"flags": ["--config"], "dest": "config", "type": "json"},
  {"flags": ["--ids"], "dest": "ids", "type": "string_or_json_object", "nullable": true},
  {"flags": ["--length"], "dest": "length", "type": "human_readable_int"},
  {"dest": "tag", "nargs": "*"}]})";

void Read(const redline::backends::ArgumentTable& table, std::string_view text) {
  const auto parsed = ParseArguments(table, redline::Split(text, '\n'));
  if (!parsed.ok()) return;
  for (const std::string& dest : parsed->given)
    if (table.FindDest(dest) == nullptr || !parsed->values.contains(dest)) abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace redline;  // NOLINT(google-build-using-namespace)
  static const auto table = backends::ArgumentTableFromJson(kTable).value();
  static const auto click_table = [] {
    auto changed = table;
    changed.style = backends::ArgumentStyle::kClick;
    return changed;
  }();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)backends::ArgumentTableFromJson(text);
  Read(table, text);
  Read(click_table, text);
  return 0;
}
