// Names of the views in the API document. Heavy: include it in .cc files only.
#pragma once

#include "platform/server/view_fields.h"
#include "spec/json_schema.h"

namespace redline::spec {

template <>
inline constexpr const char* kSchemaName<platform::DeploymentView> = "Deployment";
template <>
inline constexpr const char* kSchemaName<platform::LibraryModelView> = "LibraryModel";
template <>
inline constexpr const char* kSchemaName<platform::EngineView> = "Engine";
template <>
inline constexpr const char* kSchemaName<platform::FitView> = "Fit";
template <>
inline constexpr const char* kSchemaName<platform::StatusView> = "Status";
template <>
inline constexpr const char* kSchemaName<platform::ProcessView> = "Process";
template <>
inline constexpr const char* kSchemaName<platform::EventView> = "Event";
template <>
inline constexpr const char* kSchemaName<platform::CreateDeploymentBody> = "CreateDeployment";

}  // namespace redline::spec
