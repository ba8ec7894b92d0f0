#include "spec/workload_spec.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "net/json_body.h"
#include "spec/json.h"
#include "spec/json_fields.h"
#include "spec/yaml.h"

namespace redline::spec {
namespace {

using nlohmann::json;

constexpr int64_t kDefaultRequests = 100;
constexpr int64_t kDefaultConcurrency = 8;

// `input_tokens: 2000` is a fixed length.
void ExpandLength(json& document, const char* name, bool has_dataset) {
  json& length = document[name];
  if (length.is_number()) {
    length = {{"distribution", "fixed"}, {"mean", length}};
  } else if (length.is_string()) {
    length = {{"distribution", length}};
  } else if (length.is_null() && has_dataset) {
    length = {{"distribution", "dataset"}};
  }
}

// `slo: {...}` is a list of one class.
Status ExpandSlo(json& document) {
  const auto slo = document.find("slo");
  if (slo == document.end()) return OkStatus();
  if (document.contains("slo_classes"))
    return InvalidArgument("\"slo\" and \"slo_classes\" say the same; keep one of them", "slo");
  json classes = json::array({std::move(*slo)});
  document.erase("slo");
  document["slo_classes"] = std::move(classes);
  return OkStatus();
}

// The short forms that people write, as the fields of the struct.
Status Expand(json& document) {
  if (!document.is_object())
    return InvalidArgument("a workload is a mapping of fields, such as name: and input_tokens:");
  const auto dataset = document.find("dataset");
  const bool has_dataset = dataset != document.end() && !dataset->is_null();
  ExpandLength(document, "input_tokens", has_dataset);
  ExpandLength(document, "output_tokens", has_dataset);
  const auto arrivals = document.find("arrivals");
  if (arrivals != document.end() && arrivals->is_string()) *arrivals = {{"process", *arrivals}};
  return ExpandSlo(document);
}

Status CheckNeeded(const json& document) {
  for (const char* name : {"name", "input_tokens", "output_tokens"}) {
    const auto field = document.find(name);
    if (field == document.end() || field->is_null())
      return InvalidArgument("\"" + std::string(name) +
                                 "\" is missing; a workload needs name, "
                                 "input_tokens and output_tokens (or a dataset for both lengths)",
                             name);
  }
  return OkStatus();
}

// As many as the steps ask for, once.
int64_t NumRequestsOf(const ArrivalSpec& arrivals) {
  double num_requests = 0;
  for (const double rate : arrivals.rates) num_requests += rate * arrivals.step_seconds;
  if (!(num_requests >= 1)) return 1;
  return static_cast<int64_t>(std::min(num_requests, static_cast<double>(kMaxRequests)));
}

bool IsGiven(const json& document, const char* name) {
  const auto field = document.find(name);
  return field != document.end() && !field->is_null();
}

// Fields that depend on others where they are absent.
void SetDefaults(const json& document, WorkloadSpec& spec) {
  const bool closed = spec.arrivals.process == ArrivalSpec::Process::kClosed;
  if (!IsGiven(document, "concurrency") && closed) spec.concurrency = kDefaultConcurrency;
  if (IsGiven(document, "num_requests")) return;
  if (spec.arrivals.process == ArrivalSpec::Process::kSteps) {
    spec.num_requests = NumRequestsOf(spec.arrivals);
  } else if (spec.dataset.format == DatasetSpec::Format::kNone) {
    spec.num_requests = kDefaultRequests;
  }
}

Result<WorkloadSpec> FromDocument(json document) {
  RL_RETURN_IF_ERROR(Expand(document));
  RL_ASSIGN_OR_RETURN(auto spec, FieldsFromJson<WorkloadSpec>(document, UnknownKeys::kRefuse));
  RL_RETURN_IF_ERROR(CheckNeeded(document));
  SetDefaults(document, spec);
  RL_RETURN_IF_ERROR(ValidateWorkload(spec));
  return spec;
}

}  // namespace

Result<WorkloadSpec> WorkloadFromYaml(std::string_view text) {
  RL_ASSIGN_OR_RETURN(auto document, ParseYaml(text));
  return FromDocument(std::move(document));
}

Result<WorkloadSpec> WorkloadFromJson(std::string_view text) {
  constexpr net::JsonLimits kLimits = {
      .max_bytes = 1 << 20, .max_depth = 32, .max_values = 100'000};
  RL_ASSIGN_OR_RETURN(auto document, net::ParseJsonObject(text, kLimits));
  return FromDocument(std::move(document));
}

std::string ToJson(const WorkloadSpec& spec) { return DumpJson(FieldsToJson(spec)); }

}  // namespace redline::spec
