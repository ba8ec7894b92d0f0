#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/ids.h"
#include "base/strings.h"
#include "platform/gateway/balancer.h"
#include "platform/gateway/inference_request.h"
#include "platform/gateway/snapshot.h"
#include "platform/gateway/usage_meter.h"

namespace redline::platform {
namespace {

constexpr std::string_view kText = R"(data: {"choices":[{"delta":{"content":"a \"usage\" b"}}]})"
                                   "\n\n";
constexpr std::string_view kUsage =
    R"(data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3}})"
    "\n\n";
constexpr std::string_view kDone = "data: [DONE]\n\n";

TEST(StreamMeter, StripsOnlyTheUsageChunkNobodyAskedForHoweverTheBytesCome) {
  const std::string stream = std::string(kText) + std::string(kUsage) + std::string(kDone);
  for (const bool strip : {true, false}) {
    for (size_t split = 0; split <= stream.size(); ++split) {
      StreamMeter meter(strip);
      std::string out = meter.Push(std::string_view(stream).substr(0, split));
      out += meter.Push(std::string_view(stream).substr(split));
      out += meter.Finish();
      EXPECT_EQ(out, strip ? std::string(kText) + std::string(kDone) : stream) << split;
      ASSERT_TRUE(meter.usage());
      EXPECT_EQ(meter.usage()->prompt_tokens, 7);
      EXPECT_EQ(meter.usage()->completion_tokens, 3);
    }
  }
}

TEST(StreamMeter, CrLfLineEnds) {
  const std::string stream =
      "data: {\"choices\":[{}],\"usage\":null}\r\n\r\ndata: {\"choices\":[],\"usage\":{"
      "\"prompt_tokens\":1,\"completion_tokens\":2}}\r\n\r\ndata: [DONE]\r\n\r\n";
  for (size_t piece = 1; piece < stream.size(); ++piece) {
    StreamMeter meter(true);
    std::string out;
    for (size_t at = 0; at < stream.size(); at += piece)
      out += meter.Push(std::string_view(stream).substr(at, piece));
    EXPECT_EQ(out, "data: {\"choices\":[{}],\"usage\":null}\r\n\r\ndata: [DONE]\r\n\r\n") << piece;
    EXPECT_EQ(meter.Finish(), "");
    EXPECT_EQ(meter.usage()->completion_tokens, 2);
  }
}

TEST(StreamMeter, AnEndlessEventIsNotHeld) {
  StreamMeter meter(true);
  size_t passed = 0;
  for (int count = 0; count < 100; ++count) passed += meter.Push(std::string(64 << 10, 'x')).size();
  EXPECT_GT(passed, 5u << 20);
}

TEST(StreamMeter, HostileUsageIsNoUsage) {
  for (const char* usage : {"null", "7", "{", "{\"prompt_tokens\":\"a\"}", "{}", "[{}]"}) {
    StreamMeter meter(true);
    const std::string event = std::string("data: {\"usage\":") + usage + "}\n\n";
    EXPECT_EQ(meter.Push(event), event);
    EXPECT_EQ(meter.usage().value_or(TokenUsage{}).prompt_tokens, 0);
  }
}

TEST(StreamMeter, PassesWhatIsCutShort) {
  StreamMeter meter(true);
  EXPECT_EQ(meter.Push("data: {\"cho"), "");
  EXPECT_EQ(meter.Finish(), "data: {\"cho");
}

TEST(Balancer, TakesTheLeastLoadedAndSkipsTheTried) {
  Balancer balancer;
  const GatewayModel model = {.name = "m", .instances = {{"a", 1, "unix:/a"}, {"b", 1, "unix:/b"}}};
  auto first = balancer.Pick(model, {});
  auto second = balancer.Pick(model, {});
  ASSERT_TRUE(first && second);
  EXPECT_NE(first->instance().id, second->instance().id);
  EXPECT_FALSE(balancer.Pick(model, {"a", "b"}));
  const std::string freed = second->instance().id;
  second.reset();
  EXPECT_EQ(balancer.InFlight(freed), 0);
  EXPECT_EQ(balancer.Pick(model, {})->instance().id, freed);
}

TEST(Snapshot, KeysAreComparedByHashAndScope) {
  const nlohmann::json json = {
      {"revision", 3},
      {"keys", {{{"id", "k"}, {"sha256", Sha256Hex("secret")}, {"scopes", {"inference"}}}}},
      {"models",
       {{{"name", "m"},
         {"created_at", "2026-01-02T03:04:05.678Z"},
         {"instances", nlohmann::json::array()}}}}};
  const auto snapshot = ParseSnapshot(json.dump());
  ASSERT_TRUE(snapshot.ok()) << snapshot.status().ToString();
  const GatewayKey* key = snapshot->FindKey("secret");
  ASSERT_NE(key, nullptr);
  EXPECT_TRUE(key->HasScope("inference"));
  EXPECT_FALSE(key->HasScope("admin"));
  for (const char* unknown : {"Secret", "", "secret ", "' OR 1=1 --"})
    EXPECT_EQ(snapshot->FindKey(unknown), nullptr) << unknown;
  ASSERT_NE(snapshot->FindModel("m"), nullptr);
  EXPECT_EQ(snapshot->FindModel("m")->created, 1767323045);
}

TEST(Snapshot, DamagedFilesAreRefusedAndTheLastGoodOneStays) {
  const auto path = std::filesystem::path(testing::TempDir()) / NewId("snapshot");
  SnapshotHolder holder(path);
  ASSERT_TRUE(holder.Replace(R"({"revision":1,"keys":[],"models":[]})").ok());
  for (const char* bad : {"", "{", "[]", R"({"revision":"x","keys":[],"models":[]})",
                          R"({"revision":2,"keys":[{}],"models":[]})"}) {
    EXPECT_EQ(holder.Replace(bad).code(), Code::kDataLoss) << bad;
  }
  EXPECT_EQ(holder.Current()->revision, 1);
  SnapshotHolder restarted(path);
  restarted.LoadFromDisk();
  EXPECT_EQ(restarted.Current()->revision, 1);
  std::filesystem::remove(path);
}

TEST(InferenceRequest, AsksForUsageOnlyWhereTheClientDidNot) {
  const struct {
    std::string body;
    bool strip;
  } cases[] = {
      {R"({"model":"m","stream":true})", true},
      {R"({"model":"m","stream":true,"stream_options":{}})", true},
      {R"({"model":"m","stream":true,"stream_options":{"include_usage":false}})", true},
      {R"({"model":"m","stream":true,"stream_options":{"include_usage":true}})", false},
      {R"({"model":"m","stream":true,"stream_options":7})", false},
      {R"({"model":"m"})", false},
      {R"({"stream":false,"model":"m"})", false},
      {R"( {"x":{"stream":true,"model":"y","stream_options":1},"model":"m"})", false},
      {R"({"x":[{"include_usage":true}],"model":"m","stream":true})", true},
      {R"({"stream_options":{"a":{"include_usage":true}},"model":"m","stream":true})", true},
      {R"({"model":"m","stream":true,"stream_options":{"include_usage":true},"x":"}"})", false},
      {R"({"model":"m","stream":true,"stream_options":null})", true},
  };
  for (const auto& test_case : cases) {
    const auto request = ParseInferenceRequest(test_case.body);
    ASSERT_TRUE(request.ok()) << test_case.body;
    EXPECT_EQ(request->model, "m") << test_case.body;
    EXPECT_EQ(request->strip_usage, test_case.strip) << test_case.body;
    EXPECT_EQ(nlohmann::json::parse(request->body)
                  .value("/stream_options/include_usage"_json_pointer, false),
              test_case.strip ||
                  test_case.body.find("options\":{\"include_usage\":true") != std::string::npos)
        << test_case.body;
    EXPECT_EQ(request->body == test_case.body, !test_case.strip) << test_case.body;
  }
  for (const std::string& bad :
       {std::string(), std::string("[]"), std::string("{}"), std::string("7"), std::string("\"m\""),
        std::string(R"([{"model":"m"}])"), std::string(R"({"model":1})"),
        std::string(R"({"model":"m")"), std::string(R"({"x":{"model":"m"}})"),
        std::string(R"({"model":"m","x":NaN})"), std::string("{\"model\":\"m\"}\0", 14),
        "{\"model\":\"m\",\"x\":" + std::string(100000, '[')}) {
    EXPECT_EQ(ParseInferenceRequest(bad).status().code(), Code::kInvalidArgument)
        << bad.substr(0, 80);
  }
}

}  // namespace
}  // namespace redline::platform
