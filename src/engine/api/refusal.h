// The answers that refuse a request. Pure functions.
#pragma once

#include "base/status.h"
#include "net/http.h"

namespace redline::engine {

// The response to a Status, with Retry-After where trying again helps.
net::HttpResponse RefusalOf(const Status& status);
// The same for a schema or grammar that was not compiled: one that costs too much is the client's
// mistake, 400 schema_too_complex.
net::HttpResponse RefusalOfStructure(const Status& status);

// Whether the body is said to be JSON, or nothing is said. Holding on to this also keeps web pages
// from sending requests without the browser asking first.
bool IsJsonBody(const net::HttpRequest& request);
// 415, naming what was sent.
net::HttpResponse RefusalOfMediaType(const net::HttpRequest& request);

}  // namespace redline::engine
