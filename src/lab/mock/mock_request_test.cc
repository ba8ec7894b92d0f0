#include "lab/mock/mock_request.h"

#include <gtest/gtest.h>

#include <string>

namespace redline::lab {
namespace {

std::string Post(const std::string& path, const std::string& body,
                 const std::string& headers = {}) {
  return "POST " + path + " HTTP/1.1\r\nHost: x\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

TEST(MockRequestTest, ReadsTheFieldsThatDecideTheAnswer) {
  struct Case {
    std::string path;
    std::string body;
    int32_t prompt_tokens;
    int32_t max_tokens;
    bool stream;
    bool include_usage;
  };
  const Case cases[] = {
      {"/v1/completions", R"({"prompt":[1,2,3],"max_tokens":7})", 3, 7, false, false},
      {"/v1/completions", R"({"prompt":" two  words ","stream":true})", 2, 16, true, false},
      {"/v1/completions?x=1", R"({"prompt":["a b","c"],"max_tokens":null})", 3, 16, false, false},
      {"/v1/chat/completions",
       R"({"messages":[{"role":"system","content":"be brief"},{"role":"user","content":)"
       R"([{"type":"text","text":"hello there you"}]}],"max_completion_tokens":5,"stream":true,)"
       R"("stream_options":{"include_usage":true}})",
       5, 5, true, true},
      {"/generate", R"({"input_ids":[9,8],"sampling_params":{"max_new_tokens":4,"temperature":0}})",
       2, 4, false, false},
      {"/generate", R"({"text":"a b c","stream":true})", 3, 16, true, false},
      {"/v1/completions", R"({"prompt":"","max_tokens":99999999999})", 0, kMaxMockTokens, false,
       false}};
  for (const Case& each : cases) {
    MockRequest request;
    size_t size = 0;
    const std::string bytes = Post(each.path, each.body, "X-Request-Id: 12\r\n");
    ASSERT_EQ(ReadMockRequest(bytes + "next", request, size), MockReadState::kComplete)
        << each.body;
    EXPECT_EQ(size, bytes.size());
    EXPECT_EQ(request.prompt_tokens, each.prompt_tokens) << each.body;
    EXPECT_EQ(request.max_tokens, each.max_tokens) << each.body;
    EXPECT_EQ(request.stream, each.stream) << each.body;
    EXPECT_EQ(request.include_usage, each.include_usage) << each.body;
    EXPECT_EQ(request.request_id, 12);
  }
}

TEST(MockRequestTest, WaitsForAllOfIt) {
  const std::string bytes = Post("/v1/completions", R"({"prompt":"a"})");
  MockRequest request;
  size_t size = 0;
  for (size_t length = 0; length < bytes.size(); ++length)
    EXPECT_EQ(ReadMockRequest(bytes.substr(0, length), request, size), MockReadState::kIncomplete)
        << length;
  EXPECT_EQ(ReadMockRequest(bytes, request, size), MockReadState::kComplete);
}

TEST(MockRequestTest, RefusesWhatItCannotTake) {
  struct Case {
    std::string bytes;
    MockReadState state;
  };
  const Case cases[] = {
      {"nonsense\r\n\r\n", MockReadState::kBadHttp},
      {"GET / HTTP/1.1\r\nno colon\r\n\r\n", MockReadState::kBadHttp},
      {"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", MockReadState::kBadHttp},
      {"POST / HTTP/1.1\r\nContent-Length: 1e3\r\n\r\n", MockReadState::kBadHttp},
      {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", MockReadState::kBadHttp},
      {"POST / HTTP/1.1\r\nContent-Length: 999999999999\r\n\r\n", MockReadState::kTooLarge},
      {std::string(kMaxMockHeadBytes + 1, 'x'), MockReadState::kTooLarge},
      {Post("/v1/completions", "{"), MockReadState::kBadJson},
      {Post("/v1/completions", R"({"stream":1})"), MockReadState::kBadJson},
      {Post("/v1/completions", R"({"prompt":{"a":1}} x)"), MockReadState::kBadJson}};
  for (const Case& each : cases) {
    MockRequest request;
    size_t size = 0;
    EXPECT_EQ(ReadMockRequest(each.bytes, request, size), each.state) << each.bytes.substr(0, 100);
  }
}

}  // namespace
}  // namespace redline::lab
