#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <map>
#include <optional>
#include <set>

#include "base/log.h"
#include "base/strings.h"
#include "net/http_server.h"

namespace redline::net {
namespace {

using Params = std::map<std::string, std::string>;

enum class SegmentKind { kRest, kParam, kLiteral };  // rising preference

SegmentKind KindOf(std::string_view segment) {
  if (!segment.starts_with('{') || !segment.ends_with('}')) return SegmentKind::kLiteral;
  return segment.ends_with("...}") ? SegmentKind::kRest : SegmentKind::kParam;
}

std::string ParamName(std::string_view segment) {
  const size_t tail = KindOf(segment) == SegmentKind::kRest ? 4 : 1;
  return std::string(segment.substr(1, segment.size() - 1 - tail));
}

std::vector<std::string> SegmentsOf(std::string_view path) {
  return Split(path.substr(std::min<size_t>(1, path.size())), '/');
}

std::optional<Params> Match(const Router::Route& route, const std::vector<std::string>& path) {
  Params params;
  for (size_t index = 0; index < route.segments.size(); ++index) {
    const std::string& segment = route.segments[index];
    if (KindOf(segment) == SegmentKind::kRest) {
      const auto rest = std::span(path).subspan(std::min(index, path.size()));
      params[ParamName(segment)] = Join(rest, "/");
      return params;
    }
    if (index >= path.size()) return std::nullopt;
    if (KindOf(segment) == SegmentKind::kParam && !path[index].empty())
      params[ParamName(segment)] = path[index];
    else if (segment != path[index])
      return std::nullopt;
  }
  return path.size() == route.segments.size() ? std::optional(params) : std::nullopt;
}

// Whether `left` is the closer match of two that both fit: literals before parameters before rests.
bool MoreSpecific(const Router::Route& left, const Router::Route& right) {
  return std::lexicographical_compare(
      right.segments.begin(), right.segments.end(), left.segments.begin(), left.segments.end(),
      [](const auto& a, const auto& b) { return KindOf(a) < KindOf(b); });
}

bool MethodFits(const Router::Route& route, const std::string& method) {
  return route.method == method || (method == "HEAD" && route.method == "GET");
}

HttpResponse MethodNotAllowed(const HttpRequest& request, const std::set<std::string>& methods) {
  const std::vector<std::string> names(methods.begin(), methods.end());
  HttpResponse response =
      ErrorResponse(InvalidArgument(fmt::format("{} does not take {}; it takes {}", request.path,
                                                request.method.substr(0, 32), Join(names, ", "))),
                    "method_not_allowed");
  response.status = 405;
  response.headers.emplace_back("Allow", Join(names, ", "));
  return response;
}

}  // namespace

void Router::Add(std::string method, std::string pattern, Handler handler) {
  std::vector<std::string> segments = SegmentsOf(pattern);
  routes_.push_back(
      {std::move(method), std::move(pattern), std::move(segments), std::move(handler)});
}

void Router::AddGuard(Guard guard) { guards_.push_back(std::move(guard)); }

void Router::Dispatch(HttpRequest request, std::shared_ptr<ResponseWriter> writer) const {
  const std::vector<std::string> path = SegmentsOf(request.path);
  const Route* best = nullptr;
  std::set<std::string> methods;
  for (const Route& route : routes_) {
    const auto params = Match(route, path);
    if (!params) continue;
    methods.insert(route.method);
    if (!MethodFits(route, request.method)) continue;
    if (best != nullptr && !MoreSpecific(route, *best)) continue;
    best = &route;
    request.path_params = *params;
  }
  for (const Guard& guard : guards_) {
    const Status status = guard(request);
    if (!status.ok()) return writer->Send(ErrorResponse(status));
  }
  if (best == nullptr && methods.empty())
    return writer->Send(ErrorResponse(NotFound("no such path: " + request.path.substr(0, 256))));
  if (best == nullptr) return writer->Send(MethodNotAllowed(request, methods));
  try {
    best->handler(std::move(request), writer);
  } catch (const std::exception& error) {
    LogError("net", "handler of {} threw: {}", best->pattern, error.what());
    writer->Send(ErrorResponse(Internal("internal error")));
  }
}

}  // namespace redline::net
