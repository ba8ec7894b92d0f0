// What /proc says of the processes of `redline up`.
#pragma once

#include <string_view>

#include "platform/server/views.h"

namespace redline::platform {

ProcessView ProcessOf(pid_t pid);
// A sibling of this process by its role ("gateway"): its second argument. pid 0: there is none.
ProcessView SiblingWithRole(std::string_view role);

}  // namespace redline::platform
