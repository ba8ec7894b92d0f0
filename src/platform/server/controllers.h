// The controllers: from what is wanted and what was observed to the changes that bring the two
// together. Level-triggered and idempotent: they look at the whole state every time, and where
// there is nothing to do they return an empty batch. Pure functions.
#pragma once

#include <optional>

#include "platform/server/scheduler.h"

namespace redline::platform {

// A worker that has said nothing for this long is UNREACHABLE.
inline constexpr double kWorkerSilentSeconds = 15;
// An engine that is to be stopped on an UNREACHABLE worker is forgotten after this long.
inline constexpr double kForgetSeconds = 300;

struct Moment {
  MonotonicTime monotonic;
  int64_t unix_ms = 0;
};

// Instances are created, placed, told to stop and forgotten; deployments that are deleted vanish
// with their last instance; silent workers become UNREACHABLE. Every change comes with an event.
WriteBatch Reconcile(const ClusterState& state, const MemoryNeed& need, const Moment& now);

// The event that a change of an instance is worth; nullopt: none.
std::optional<Event> EventOfChange(const spec::Instance& before, const spec::Instance& after,
                                   int64_t unix_ms);

}  // namespace redline::platform
