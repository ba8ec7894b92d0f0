// The client proves itself before a run: what it can do on this machine now, and how much of that
// the run will ask of it. Takes about two seconds.
#pragma once

#include "base/status.h"
#include "lab/histogram.h"
#include "lab/load/client_probe.h"

namespace redline::lab {

struct SelfCheckResult {
  ProbeSpeed requests;  // whole answers of one token, concurrency 256
  ProbeSpeed events;    // streams of 200 tokens, concurrency 64
  TimingErrors timing;  // 5 ms, then every 2 ms, concurrency 32
  SendProbe sending;    // 1,000 a second
  int num_threads = 0;  // of the client

  // How many times the client could do what is expected of it, by its CPU time on all its threads;
  // above 1 there is room. A server on the same machine takes its share of the cores besides.
  double Headroom(double requests_per_second, double events_per_second) const;
};

// num_threads: of the client, 0 for one on each core.
Result<SelfCheckResult> CheckClient(int num_threads = 0);

}  // namespace redline::lab
