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

TEST(StreamMeter, PassesWhatIsCutShort) {
  StreamMeter meter(true);
  EXPECT_EQ(meter.Push("data: {\"cho"), "");
  EXPECT_EQ(meter.Finish(), "data: {\"cho");
}

TEST(Balancer, TakesTheLeastLoadedAndSkipsTheTried) {
  Balancer balancer;
  const GatewayModel model = {"m", "", {{"a", 1, "unix:/a"}, {"b", 1, "unix:/b"}}};
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
      {"models", {{{"name", "m"}, {"instances", nlohmann::json::array()}}}}};
  const auto snapshot = ParseSnapshot(json.dump());
  ASSERT_TRUE(snapshot.ok()) << snapshot.status().ToString();
  EXPECT_TRUE(snapshot->Allows("secret", "inference"));
  EXPECT_FALSE(snapshot->Allows("secret", "admin"));
  EXPECT_FALSE(snapshot->Allows("Secret", "inference"));
  EXPECT_FALSE(snapshot->Allows("", "inference"));
  EXPECT_NE(snapshot->FindModel("m"), nullptr);
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
  };
  for (const auto& test_case : cases) {
    const auto request = ParseInferenceRequest(test_case.body);
    ASSERT_TRUE(request.ok()) << test_case.body;
    EXPECT_EQ(request->strip_usage, test_case.strip) << test_case.body;
    EXPECT_EQ(request->body == test_case.body, !test_case.strip) << test_case.body;
  }
  for (const char* bad : {"", "[]", "{}", R"({"model":1})", R"({"model":"m")"}) {
    EXPECT_EQ(ParseInferenceRequest(bad).status().code(), Code::kInvalidArgument) << bad;
  }
}

}  // namespace
}  // namespace redline::platform
