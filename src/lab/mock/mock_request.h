// A request as the mock server sees it: read from raw bytes, with just the fields that decide the
// answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace redline::lab {

enum class MockRoute : uint8_t {
  kUnknown,
  kModels,
  kHealth,
  kChat,
  kCompletions,
  kGenerate,
};

struct MockRequest {
  MockRoute route = MockRoute::kUnknown;
  bool keep_alive = true;
  bool stream = false;
  bool include_usage = false;
  int64_t request_id = -1;  // X-Request-Id, when it is a number
  int32_t max_tokens = 16;
  // The number of ids where the prompt is ids; else of words, parted by blanks, of the prompt or of
  // the messages' contents.
  int32_t prompt_tokens = 0;
};

enum class MockReadState : uint8_t {
  kIncomplete,  // more bytes are needed
  kComplete,
  kBadHttp,
  kTooLarge,
  kBadJson,  // complete, but its body is not the JSON of a request
};

inline constexpr size_t kMaxMockHeadBytes = 64 << 10;
inline constexpr size_t kMaxMockBodyBytes = 64 << 20;
inline constexpr int32_t kMaxMockTokens = 1 << 20;

// Reads one request from the front of `bytes`. `size` is the bytes it takes: when complete (also
// with bad JSON) its own, when incomplete how many are known to be needed (0: unknown).
MockReadState ReadMockRequest(std::string_view bytes, MockRequest& request, size_t& size);

}  // namespace redline::lab
