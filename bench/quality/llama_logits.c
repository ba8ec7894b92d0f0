// Logits of every position of a list of tokens, by llama.cpp's library:
//   llama_logits MODEL IDS LOGITS_OUT THREADS default|f32
// IDS holds one token id a line. Writes one row of f32 logits for each, unrounded. "default" leaves
// every context parameter but the length as the library has it (f16 KV cache, automatic flash
// attention); "f32" asks for an f32 KV cache without flash attention, which would round it to f16.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "llama.h"

enum { kMaxTokens = 1 << 16 };

static int Fail(const char *what) {
  fprintf(stderr, "llama_logits: %s\n", what);
  return 1;
}

static void Quiet(enum ggml_log_level level, const char *text, void *unused) {
  (void)unused;
  if (level == GGML_LOG_LEVEL_ERROR) fputs(text, stderr);
}

static int ReadIds(const char *path, llama_token *ids) {
  FILE *file = fopen(path, "r");
  int count = 0;
  if (file == NULL) return 0;
  while (count < kMaxTokens && fscanf(file, "%d", &ids[count]) == 1) ++count;
  fclose(file);
  return count;
}

// One sequence in pieces of `chunk` tokens, all of whose rows are wanted.
static int WriteLogits(struct llama_context *context, int vocab_size, const llama_token *ids,
                       int num_ids, int chunk, FILE *out) {
  struct llama_batch batch = llama_batch_init(chunk, 0, 1);
  for (int begin = 0; begin < num_ids; begin += chunk) {
    batch.n_tokens = num_ids - begin < chunk ? num_ids - begin : chunk;
    for (int i = 0; i < batch.n_tokens; ++i) {
      batch.token[i] = ids[begin + i];
      batch.pos[i] = begin + i;
      batch.n_seq_id[i] = 1;
      batch.seq_id[i][0] = 0;
      batch.logits[i] = 1;
    }
    if (llama_decode(context, batch) != 0) return Fail("llama_decode failed");
    for (int i = 0; i < batch.n_tokens; ++i) {
      const float *row = llama_get_logits_ith(context, i);
      if (fwrite(row, sizeof(float), vocab_size, out) != (size_t)vocab_size)
        return Fail("cannot write the logits");
    }
  }
  llama_batch_free(batch);
  return 0;
}

int main(int argc, char **argv) {
  if (argc != 6) return Fail("usage: llama_logits MODEL IDS LOGITS_OUT THREADS default|f32");
  static llama_token ids[kMaxTokens];
  const int num_ids = ReadIds(argv[2], ids);
  if (num_ids == 0) return Fail("no token ids");
  llama_log_set(Quiet, NULL);
  llama_backend_init();
  struct llama_model *model = llama_model_load_from_file(argv[1], llama_model_default_params());
  if (model == NULL) return Fail("cannot load the model");
  struct llama_context_params params = llama_context_default_params();
  params.n_ctx = num_ids;
  params.n_threads = params.n_threads_batch = atoi(argv[4]);
  if (strcmp(argv[5], "f32") == 0) {
    params.type_k = params.type_v = GGML_TYPE_F32;
    params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
  }
  struct llama_context *context = llama_init_from_model(model, params);
  if (context == NULL) return Fail("cannot make a context");
  FILE *out = fopen(argv[3], "wb");
  if (out == NULL) return Fail("cannot open the output");
  const int vocab_size = llama_vocab_n_tokens(llama_model_get_vocab(model));
  const int chunk = (int)llama_n_batch(context);
  const int status = WriteLogits(context, vocab_size, ids, num_ids, chunk, out);
  if (fclose(out) != 0) return Fail("cannot write the logits");
  printf("%s\n", llama_print_system_info());
  return status;
}
