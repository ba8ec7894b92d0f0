// Publishing, listing and deleting profiles over the API.
#include <filesystem>
#include <fstream>

#include "platform/server/server_test_util.h"

namespace redline::platform {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr char kModel[] = "smollm2-135m-instruct";

class ProfilesApiTest : public ServerTest {
 protected:
  static json Profile(const char* name) {
    return {{"name", name},
            {"hardware", {{"device", "cpu"}}},
            {"goal", "throughput"},
            {"workload", "short"},
            {"engine", {{"engine", "native"}, {"requested", {{"max_running_requests", 8}}}}},
            {"evidence",
             {{"kind", "measured"},
              {"summary", "x1.2"},
              {"source", "here"},
              {"engine", "native@0.0.1"},
              {"environment", {{"cpu", "Another CPU"}}},
              {"figures", {{"ratio", 1.2}}}}}};
  }
  static json Configuration(const std::vector<std::string>& arguments) {
    return {{"engine", "native"}, {"arguments", arguments}, {"environment", json::object()}};
  }
  void WriteReport(const std::string& id, bool has_winner) {
    const fs::path folder = dir_ / "data" / "lab" / id;
    fs::create_directories(folder);
    const json workload = {{"name", "short"},
                           {"input_tokens", {{"distribution", "fixed"}, {"mean", 16}}},
                           {"output_tokens", {{"distribution", "fixed"}, {"mean", 16}}},
                           {"num_requests", 4},
                           {"concurrency", 2}};
    std::ofstream(folder / "result.json")
        << json{{"model", kModel},
                {"workload", "short"},
                {"workload_spec", workload},
                {"hardware", "This CPU"},
                {"goal", "latency"},
                {"has_winner", has_winner},
                {"winner", Configuration({"--max-running-requests", "16"})},
                {"baseline", Configuration({})},
                {"ratio", 1.3},
                {"low", 1.2},
                {"high", 1.4},
                {"confidence", 0.95},
                {"ended_by", "all was tried"}};
  }
  Reply Publish(const json& body) { return Call("POST", "/api/v1/profiles", body); }
  json Users() { return Get("/api/v1/profiles?origin=user").json.at("items"); }
};

TEST_F(ProfilesApiTest, APublishedProfileIsChosenAndStaysWithTheServersData) {
  FakeAgent agent([this](const auto& method, const auto& path,
                         const json& body) { return Call(method, path, body); },
                  "w1", int64_t{8} << 30);
  ASSERT_EQ(agent.Heartbeat().status, 200);
  const Reply created = Publish({{"model", kModel}, {"profile", Profile("mine")}});
  ASSERT_EQ(created.status, 201) << created.text;
  EXPECT_EQ(created.json.at("origin"), "user");
  EXPECT_EQ(created.json.at("evidence").at("stale").size(), 1U) << created.text;
  EXPECT_EQ(Publish({{"model", kModel}, {"profile", Profile("mine")}}).status, 200) << "replaced";
  const Reply model = Get(std::string("/api/v1/models/") + kModel);
  EXPECT_EQ(model.json.at("chosen").at("profile"), "mine");
  EXPECT_EQ(model.json.at("profiles").size(), 3U);
  const Reply dry = Call("POST", "/api/v1/deployments", {{"model", kModel}, {"dry_run", true}});
  ASSERT_EQ(dry.status, 200) << dry.text;
  EXPECT_EQ(dry.json.at("profile"), "mine");
  EXPECT_NE(dry.text.find("Stale: It was measured with native@0.0.1"), std::string::npos);
  EXPECT_NE(dry.text.find("Otherwise: profile cpu-default fits, too"), std::string::npos);
  StopServer();
  StartServer();
  ASSERT_EQ(Users().size(), 1U);
  EXPECT_EQ(Users()[0].at("name"), "mine");
  const std::string path = std::string("/api/v1/profiles/") + kModel + "/mine";
  EXPECT_EQ(Call("DELETE", path).status, 200);
  EXPECT_EQ(Call("DELETE", path).status, 404);
  EXPECT_TRUE(Users().empty());
}

TEST_F(ProfilesApiTest, AReportOfTheLabIsPublishedByItsId) {
  WriteReport("job-1", true);
  WriteReport("job-2", false);
  const Reply created = Publish({{"report", "job-1"}});
  ASSERT_EQ(created.status, 201) << created.text;
  EXPECT_EQ(created.json.at("name"), "tuned-latency-short");
  EXPECT_EQ(created.json.at("evidence").at("source"), "job job-1 of the lab");
  EXPECT_EQ(Publish({{"report", "job-1"}, {"name", "fast"}}).json.at("name"), "fast");
  const Reply none = Publish({{"report", "job-2"}});
  EXPECT_EQ(none.status, 409);
  EXPECT_NE(none.text.find("found no winner (all was tried)"), std::string::npos) << none.text;
}

TEST_F(ProfilesApiTest, WhatIsRefused) {
  WriteReport("job-1", true);
  json refused = Profile("mine");
  refused["engine"]["requested"]["max_running_requests"] = -1;
  json misspelt = Profile("mine");
  misspelt["evidence"]["sumary"] = "x";
  const struct {
    json body;
    int status;
    const char* param;
  } cases[] = {
      {json::object(), 400, "report"},
      {{{"report", "../../etc"}}, 400, "report"},
      {{{"report", "no-such"}}, 404, "report"},
      {{{"report", "job-1"}, {"name", "a/b"}}, 400, "name"},
      {{{"report", "job-1"}, {"name", "cpu-default"}}, 409, "name"},
      {{{"report", "job-1"}, {"model", kModel}}, 400, "report"},
      {{{"model", kModel}}, 400, "report"},
      {{{"model", "no-such"}, {"profile", Profile("mine")}}, 404, "model"},
      {{{"model", kModel}, {"profile", Profile("../x")}}, 400, "name"},
      {{{"model", kModel}, {"profile", refused}}, 400, "profile"},
      {{{"model", kModel}, {"profile", misspelt}}, 400, "profile.evidence.sumary"},
      {{{"model", kModel}, {"profile", Profile("mine")}, {"name", "other"}}, 400, "name"},
  };
  for (const auto& test : cases) {
    const Reply reply = Publish(test.body);
    EXPECT_EQ(reply.status, test.status) << test.body << "\n" << reply.text;
    ASSERT_TRUE(reply.json.contains("error")) << reply.text;
    EXPECT_EQ(reply.json["error"].value("param", ""), test.param) << reply.text;
  }
  EXPECT_TRUE(Users().empty());
  EXPECT_EQ(Get("/api/v1/profiles?origin=mine").status, 400);
  EXPECT_EQ(Get("/api/v1/profiles?model=nothing").status, 404);
  EXPECT_EQ(Call("DELETE", std::string("/api/v1/profiles/") + kModel + "/cpu-default").status, 409);
}

TEST_F(ProfilesApiTest, ABadFileIsToldOfAndHurtsNoOther) {
  const fs::path folder = dir_ / "data" / "profiles" / kModel;
  fs::create_directories(folder);
  std::ofstream(folder / "bad.yaml") << "name: bad\nengine: {engine: nothing}\n";
  StopServer();
  StartServer();
  ASSERT_EQ(Publish({{"model", kModel}, {"profile", Profile("good")}}).status, 201);
  const Reply list = Get(std::string("/api/v1/profiles?model=") + kModel);
  EXPECT_EQ(list.json.at("items").size(), 3U);
  ASSERT_EQ(list.json.at("problems").size(), 1U) << list.text;
  EXPECT_NE(list.json["problems"][0].get<std::string>().find("bad.yaml"), std::string::npos);
}

}  // namespace
}  // namespace redline::platform
