/* C API of the Rust crate in this folder: `tokenizers`, `minijinja` and `llguidance`.
 *
 * Only src/text includes this header; the rest of Redline uses tokenizer.h, chat_template.h and
 * constraint.h. Written by hand; it must say what the files in src/ say.
 *
 * Fallible functions return an rb_code. On failure `*error` (when not NULL) receives a message that
 * the caller frees with rb_string_free, and `*out` is untouched. No panic crosses this boundary.
 * Text is UTF-8 with a length and may hold zero bytes. Objects may be shared between threads as
 * const pointers; rb_constraint is the one object that changes, and has one owner at a time. */
#ifndef REDLINE_TEXT_BRIDGE_BRIDGE_H_
#define REDLINE_TEXT_BRIDGE_BRIDGE_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef int32_t rb_code;
enum {
  RB_OK = 0,
  RB_INVALID_ARGUMENT = 1,
  RB_RESOURCE_EXHAUSTED = 2,
  RB_DATA_LOSS = 3,
  RB_INTERNAL = 4,
};

typedef struct rb_string {
  uint8_t* data;
  size_t len;
} rb_string;

typedef struct rb_ids {
  uint32_t* data;
  size_t len;
} rb_ids;

void rb_string_free(rb_string text);
void rb_ids_free(rb_ids ids);

/* --- tokenizers ------------------------------------------------------------------------------ */

typedef struct rb_tokenizer rb_tokenizer;

/* From the text of a tokenizer.json. RB_DATA_LOSS when it is damaged. */
rb_code rb_tokenizer_new(const uint8_t* json, size_t len, rb_tokenizer** out, rb_string* error);
void rb_tokenizer_free(rb_tokenizer* tokenizer);

/* No BOS, no truncation. `literal`: control tokens in the text are ordinary characters. */
rb_code rb_tokenizer_encode(const rb_tokenizer* tokenizer, const uint8_t* utf8, size_t len,
                            bool literal, rb_ids* out, rb_string* error);
/* Invalid UTF-8 becomes U+FFFD. RB_INVALID_ARGUMENT for an unknown id. */
rb_code rb_tokenizer_decode(const rb_tokenizer* tokenizer, const uint32_t* ids, size_t num_ids,
                            bool skip_special, rb_string* out, rb_string* error);
/* The highest id plus one; ids in between may be unused. */
size_t rb_tokenizer_vocab_size(const rb_tokenizer* tokenizer);
/* The bytes a token stands for, borrowed from the tokenizer. False for an unknown id. */
bool rb_tokenizer_token(const rb_tokenizer* tokenizer, uint32_t id, const uint8_t** bytes,
                        size_t* len, bool* special);
/* The id of a token spelt as in the vocabulary, or -1. */
int64_t rb_tokenizer_token_id(const rb_tokenizer* tokenizer, const uint8_t* token, size_t len);
/* The id the post-processor puts in front of a text (a BOS), or -1. */
int64_t rb_tokenizer_prefix_id(const rb_tokenizer* tokenizer);

/* --- chat templates -------------------------------------------------------------------------- */

typedef struct rb_template rb_template;

typedef struct rb_template_limits {
  uint64_t fuel;
  size_t max_source_bytes;
  size_t max_output_bytes;
} rb_template_limits;

/* RB_INVALID_ARGUMENT with line and reason when the source does not parse. */
rb_code rb_template_new(const uint8_t* source, size_t len, const rb_template_limits* limits,
                        rb_template** out, rb_string* error);
void rb_template_free(rb_template* tmpl);
/* `context_json`: one JSON object. RB_RESOURCE_EXHAUSTED when a limit was hit. */
rb_code rb_template_render(const rb_template* tmpl, const uint8_t* context_json, size_t len,
                           rb_string* out, rb_string* error);

/* --- constrained decoding -------------------------------------------------------------------- */

typedef struct rb_constraint_factory rb_constraint_factory;
typedef struct rb_constraint rb_constraint;

/* Token i is bytes[offsets[i] .. offsets[i + 1]). Copied by rb_constraint_factory_new. */
typedef struct rb_vocabulary {
  const uint8_t* bytes;
  const uint64_t* offsets; /* num_tokens + 1 */
  const bool* special;     /* num_tokens */
  size_t num_tokens;
  const uint32_t* eos_ids; /* at least one */
  size_t num_eos;
} rb_vocabulary;

enum { RB_JSON_SCHEMA = 0, RB_REGEX = 1, RB_LARK = 2 };

rb_code rb_constraint_factory_new(const rb_vocabulary* vocabulary, rb_constraint_factory** out,
                                  rb_string* error);
void rb_constraint_factory_free(rb_constraint_factory* factory);

/* RB_INVALID_ARGUMENT when the grammar is wrong, allows no text or uses what llguidance does not
 * support; RB_RESOURCE_EXHAUSTED when it is too costly. */
rb_code rb_constraint_new(const rb_constraint_factory* factory, uint32_t kind,
                          const uint8_t* source, size_t len, rb_constraint** out, rb_string* error);
/* Another in the same state, for a fraction of the cost of compiling. */
rb_code rb_constraint_clone(const rb_constraint* constraint, rb_constraint** out, rb_string* error);
void rb_constraint_free(rb_constraint* constraint);
/* One bit per token, least significant first; bits past the vocabulary are 0. */
rb_code rb_constraint_mask(rb_constraint* constraint, uint32_t* words, size_t num_words,
                           rb_string* error);
/* Advances by one token; RB_INVALID_ARGUMENT when the mask does not have it. */
rb_code rb_constraint_accept(rb_constraint* constraint, uint32_t id, rb_string* error);
/* Whether nothing but the end may follow. */
bool rb_constraint_is_stopped(const rb_constraint* constraint);

#ifdef __cplusplus
}
#endif

#endif /* REDLINE_TEXT_BRIDGE_BRIDGE_H_ */
