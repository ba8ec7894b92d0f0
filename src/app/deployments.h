// What several commands do with deployments as the management API describes them.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "app/api_client.h"

namespace redline::app {

// NAME, MODEL, PHASE, READY, ENGINE, RESTARTS, AGE, REASON.
std::string DeploymentsTable(const nlohmann::json& items);
// One line: "STARTING loading 42%", "DOWNLOADING 31% 28.1 MiB of 88.6 MiB, 9.1 MiB/s, 7s left".
std::string DescribeProgress(const nlohmann::json& deployment);

// Until a node has registered: a deployment is checked against the hardware there is.
Status WaitForWorker(ApiClient& api, double timeout_seconds);

// Follows a deployment until it is RUNNING, showing progress on standard error.
// kDeadlineExceeded after `timeout_seconds`; kFailedPrecondition with the reason when it is in a
// crash loop or cannot run.
Status WaitUntilRunning(ApiClient& api, const std::string& name, double timeout_seconds);
// Follows a deployment without replicas until its engines have stopped.
Status WaitUntilStopped(ApiClient& api, const std::string& name, double timeout_seconds);
// Follows until the deployment is gone.
Status WaitUntilGone(ApiClient& api, const std::string& name, double timeout_seconds);

}  // namespace redline::app
