#include "platform/agent/transitions.h"

namespace redline::platform {
namespace {

using spec::InstanceState;

bool IsAlive(EngineState engine) {
  return engine == EngineState::kStarting || engine == EngineState::kReady ||
         engine == EngineState::kUnresponsive;
}

Decision AwaitEnd(const Observation& seen) {
  return {InstanceState::kDraining, seen.is_stopping ? Action::kNone : Action::kStopEngine};
}

Decision Stop(const Observation& seen) {
  if (seen.fetch == FetchState::kRunning) return {InstanceState::kDraining, Action::kCancelFetch};
  if (IsAlive(seen.engine)) return AwaitEnd(seen);
  return {InstanceState::kStopped, Action::kForget};
}

// Nobody has said whether it should run: it is left as it is.
Decision LeaveAlone(const Observation& seen) {
  switch (seen.engine) {
    case EngineState::kStarting:
      return {InstanceState::kStarting, Action::kNone};
    case EngineState::kReady:
    case EngineState::kUnresponsive:
      return {InstanceState::kRunning, Action::kNone};
    case EngineState::kNone:
    case EngineState::kEnded:
      break;
  }
  return {InstanceState::kStopped, Action::kNone};
}

Decision Prepare(const Observation& seen) {
  if (!seen.may_start) return {InstanceState::kError, Action::kNone};
  switch (seen.fetch) {
    case FetchState::kNone:
      return {InstanceState::kInitializing, Action::kStartFetch};
    case FetchState::kRunning:
      return {seen.is_downloading ? InstanceState::kDownloading : InstanceState::kInitializing,
              Action::kNone};
    case FetchState::kFailed:
      return {InstanceState::kError, Action::kNoteFetchFailure};
    case FetchState::kDone:
      break;
  }
  return {InstanceState::kStarting, Action::kStartEngine};
}

Decision Run(const Observation& seen) {
  // Generation fencing: the old engine is gone before the new one comes.
  if (IsAlive(seen.engine) && (!seen.is_current || seen.is_stopping)) return AwaitEnd(seen);
  switch (seen.engine) {
    case EngineState::kStarting:
      return {InstanceState::kStarting, Action::kNone};
    case EngineState::kReady:
      return {InstanceState::kRunning, Action::kNone};
    case EngineState::kUnresponsive:
      return {InstanceState::kError, Action::kKillEngine};
    case EngineState::kEnded:
      return {seen.is_stopping || !seen.is_current ? InstanceState::kInitializing
                                                   : InstanceState::kError,
              Action::kNoteExit};
    case EngineState::kNone:
      break;
  }
  return Prepare(seen);
}

}  // namespace

Decision Decide(const Observation& seen) {
  switch (seen.wish) {
    case Wish::kRun:
      return Run(seen);
    case Wish::kStop:
      return Stop(seen);
    case Wish::kUnknown:
      break;
  }
  return LeaveAlone(seen);
}

}  // namespace redline::platform
