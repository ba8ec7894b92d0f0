// Logits of every position of a text, by this engine:
//   dump_logits MODEL TEXT NUM_TOKENS IDS_OUT LOGITS_OUT
// Writes the ids of the text's first NUM_TOKENS tokens, one a line, and for each of them one row of
// vocab_size f32 logits of the token that follows. The text is prefilled in chunks as a server
// would.
#include <fmt/core.h>

#include <cstdlib>
#include <fstream>

#include "base/files.h"
#include "base/process.h"
#include "engine/model/testing_checkpoint.h"

namespace redline::engine {
namespace {

constexpr int64_t kPageSize = 16;
constexpr size_t kChunk = 512;

struct Arguments {
  const char* model;
  const char* text;
  size_t num_tokens;
  const char* ids_out;
  const char* logits_out;
};

Result<std::vector<TokenId>> EncodeText(const Checkpoint& checkpoint, const Arguments& arguments) {
  RL_ASSIGN_OR_RETURN(const auto tokenizer, checkpoint.MakeTokenizer());
  RL_ASSIGN_OR_RETURN(const std::string text, ReadFile(arguments.text));
  RL_ASSIGN_OR_RETURN(std::vector<TokenId> ids,
                      tokenizer->Encode(text, text::SpecialTokens::kAsText));
  if (ids.size() < arguments.num_tokens) {
    return InvalidArgument(fmt::format("{} has {} tokens, {} are wanted", arguments.text,
                                       ids.size(), arguments.num_tokens));
  }
  ids.resize(arguments.num_tokens);
  return ids;
}

Status WriteLogits(Model& model, std::span<const TokenId> ids, const char* path) {
  const auto num_tokens = static_cast<int64_t>(ids.size());
  const int64_t num_pages = (num_tokens + kPageSize - 1) / kPageSize;
  RL_ASSIGN_OR_RETURN(const auto kv, KvCache::Create(model.kv_layout(), num_pages, kPageSize));
  TestingSequence sequence(*kv, 0, num_tokens);
  std::vector<float> logits;
  std::ofstream out(path, std::ios::binary);
  while (!ids.empty()) {
    const std::span<const TokenId> chunk = ids.first(std::min(kChunk, ids.size()));
    ids = ids.subspan(chunk.size());
    logits.resize(chunk.size() * static_cast<size_t>(model.config().vocab_size));
    Batch batch;
    batch.slices.push_back(sequence.Next(chunk, static_cast<int64_t>(chunk.size())));
    model.Forward(batch, *kv, logits);
    out.write(reinterpret_cast<const char*>(logits.data()),
              static_cast<std::streamsize>(logits.size() * sizeof(float)));
  }
  out.close();
  return out ? OkStatus() : Unavailable(fmt::format("cannot write {}", path));
}

Status DumpLogits(const Arguments& arguments) {
  RL_ASSIGN_OR_RETURN(const auto checkpoint, OpenCheckpoint(arguments.model));
  RL_ASSIGN_OR_RETURN(const std::vector<TokenId> ids, EncodeText(*checkpoint, arguments));
  std::ofstream ids_out(arguments.ids_out);
  for (const TokenId id : ids) ids_out << id << '\n';
  ids_out.close();
  if (!ids_out) return Unavailable(fmt::format("cannot write {}", arguments.ids_out));
  ThreadPool pool(AvailableCpus());
  RL_ASSIGN_OR_RETURN(const auto model, MakeModel(*checkpoint, pool, {.max_batch_rows = kChunk}));
  fmt::print("{}\n", model->kernels().name);
  return WriteLogits(*model, ids, arguments.logits_out);
}

}  // namespace
}  // namespace redline::engine

int main(int argc, char** argv) {
  if (argc != 6) {
    fmt::print(stderr, "usage: dump_logits MODEL TEXT NUM_TOKENS IDS_OUT LOGITS_OUT\n");
    return 2;
  }
  const redline::Status status = redline::engine::DumpLogits(
      {argv[1], argv[2], static_cast<size_t>(std::atoi(argv[3])), argv[4], argv[5]});
  if (status.ok()) return 0;
  fmt::print(stderr, "{}\n", status.ToString());
  return 1;
}
