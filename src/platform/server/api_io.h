// Reading requests and writing answers through the field lists. Heavy: include it in .cc files
// only.
#pragma once

#include <optional>

#include "net/json_body.h"
#include "platform/server/api.h"
#include "platform/server/view_fields.h"
#include "spec/json.h"
#include "spec/json_fields.h"

namespace redline::platform {

inline constexpr size_t kMaxBodyBytes = size_t{1} << 20;

template <typename T>
Answer AnswerWith(const T& view, int status = 200) {
  return {status, spec::DumpJson(spec::FieldsToJson(view))};
}

// The body as one T. From people unknown fields are refused, with the nearest name.
template <typename T>
Result<T> ReadBody(const net::HttpRequest& request, spec::UnknownKeys unknown) {
  const net::JsonLimits limits = {.max_bytes = kMaxBodyBytes, .max_depth = 64};
  RL_ASSIGN_OR_RETURN(const auto json, net::ParseJsonObject(request.body, limits));
  return spec::FieldsFromJson<T>(json, unknown);
}

inline std::string PathParam(const net::HttpRequest& request, const char* name) {
  const auto found = request.path_params.find(name);
  return found == request.path_params.end() ? std::string() : found->second;
}

// A whole number of the query within its bounds; `otherwise` when it is not given.
Result<int64_t> QueryInt(const net::HttpRequest& request, const char* name, int64_t otherwise,
                         int64_t least, int64_t most);

}  // namespace redline::platform
