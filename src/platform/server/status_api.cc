#include <unistd.h>

#include "base/version.h"
#include "platform/server/api_io.h"
#include "platform/server/processes.h"

namespace redline::platform {

Result<Answer> GetVersion(ControlPlane&, const net::HttpRequest&) {
  return AnswerWith(VersionView{kVersion});
}

Result<Answer> GetStatus(ControlPlane& plane, const net::HttpRequest&) {
  return AnswerWith(StatusView{.version = kVersion,
                               .server = ProcessOf(::getpid()),
                               .gateway = SiblingWithRole("gateway"),
                               .agent = SiblingWithRole("agent"),
                               .data_dir = plane.layout.root.string(),
                               .cache_dir = plane.cache_dir.string(),
                               .revision = plane.cluster->revision()});
}

Result<Answer> ListWorkers(ControlPlane& plane, const net::HttpRequest&) {
  Items<spec::Worker> list;
  for (const WorkerRecord& record : plane.state().workers) list.items.push_back(record.worker);
  return AnswerWith(list);
}

Result<Answer> GetOpenApi(ControlPlane&, const net::HttpRequest&) {
  static const std::string document = OpenApiDocument(ApiRoutes());
  return Answer{200, document};
}

}  // namespace redline::platform
