// The bytes of the mock server's answers. Streamed tokens are rendered once, in chunks of HTTP as a
// server sends them, one event each, and copied from there. Thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lab/mock/mock_request.h"

namespace redline::lab {

// Numbers of the usage that an answer tells.
struct MockUsage {
  int64_t prompt_tokens = 0;
  int64_t completion_tokens = 0;
};

void AppendStreamHead(std::string& out);
// Events of the tokens [first, first + count).
void AppendTokenEvents(const MockRequest& request, int32_t first, int32_t count, std::string& out);
// The event that tells why the answer ended, and usage where it was asked for.
void AppendFinishEvents(const MockRequest& request, MockUsage usage, std::string& out);
void AppendDone(std::string& out);
void AppendLastChunk(std::string& out);
// One event with this data, as a chunk.
void AppendEvent(std::string_view data, std::string& out);
// `bytes` as one chunk of HTTP.
void AppendChunk(std::string_view bytes, std::string& out);

// A whole answer, with its head.
void AppendWholeAnswer(const MockRequest& request, MockUsage usage, std::string& out);
// "{...}" with a head.
void AppendJsonAnswer(int status, std::string_view json, std::string& out);
// OpenAI's error object, with a head.
void AppendErrorAnswer(int status, std::string_view message, std::string& out);

// The data of a streamed event whose text is `text` (JSON-escaped).
std::string TokenEventData(MockRoute route, std::string_view text, int64_t prompt_tokens,
                           int64_t completion_tokens);

}  // namespace redline::lab
