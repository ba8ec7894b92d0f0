#include "platform/agent/instance_record.h"

#include <array>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/log.h"
#include "net/json_body.h"
#include "spec/json.h"

namespace redline::platform {
namespace {

struct Field {
  const char* name;
  int64_t InstanceRecord::*member;
};
constexpr std::array<Field, 5> kFields = {{{"generation", &InstanceRecord::generation},
                                           {"restart_count", &InstanceRecord::restart_count},
                                           {"ready_at_ms", &InstanceRecord::ready_at_ms},
                                           {"log_offset", &InstanceRecord::log_offset},
                                           {"port", &InstanceRecord::port}}};

std::filesystem::path PathIn(const std::filesystem::path& dir) { return dir / "record.json"; }

}  // namespace

InstanceRecord LoadInstanceRecord(const std::filesystem::path& instance_dir) {
  InstanceRecord record;
  const auto text = ReadFile(PathIn(instance_dir), 1 << 16);
  if (!text.ok()) return record;
  const auto object = net::ParseJsonObject(*text);
  if (!object.ok()) return record;
  for (const Field& field : kFields) {
    const auto found = object->find(field.name);
    if (found != object->end() && found->is_number_integer())
      record.*field.member = found->get<int64_t>();
  }
  return record;
}

void SaveInstanceRecord(const std::filesystem::path& instance_dir, const InstanceRecord& record) {
  nlohmann::json object;
  for (const Field& field : kFields) object[field.name] = record.*field.member;
  const Status status = WriteFileAtomic(PathIn(instance_dir), spec::DumpJson(object) + "\n", 0600);
  if (!status.ok()) LogWarn("agent", "{}", status.message());
}

}  // namespace redline::platform
