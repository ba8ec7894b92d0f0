// Nodes that joined on this machine, by `redline join`: a folder each under D/nodes, with the
// process that is its agent.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "platform/layout.h"

namespace redline::platform {

struct JoinedNode {
  std::string name;
  DataLayout layout;        // its own
  pid_t pid = 0;            // of its agent; 0: not known
  uint64_t start_time = 0;  // with the pid

  bool is_running() const;
};

// By name; those whose agent has gone, too.
std::vector<JoinedNode> JoinedNodes(const DataLayout& layout);

// That this process is the agent of the node whose folder it is.
Status RecordJoinedNode(const DataLayout& node);

// Has each of them leave (`redline leave`), all at the same time, and waits for so long.
void HaveNodesLeave(const DataLayout& layout, double seconds);

}  // namespace redline::platform
