// Protection of a server on loopback against web pages in the user's browser.
#pragma once

#include <string>
#include <vector>

#include "net/http_server.h"

namespace redline::net {

// Refuses (403) what a foreign page can make a browser send: requests whose Host is a name other
// than localhost or `allowed_hosts` (DNS rebinding; IP addresses cannot be rebound), and requests
// whose Origin is not the server they go to. Clients that are no browsers send no Origin.
Router::Guard RejectForeignOrigins(std::vector<std::string> allowed_hosts = {});

}  // namespace redline::net
