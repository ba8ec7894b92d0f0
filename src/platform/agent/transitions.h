// The states of an instance on its worker, as one pure function: what is seen -> what to do.
#pragma once

#include "spec/deployment.h"

namespace redline::platform {

// What the server wants.
enum class Wish {
  kUnknown,  // found on disk, and the server has not been heard yet
  kRun,
  kStop,
};

enum class FetchState { kNone, kRunning, kDone, kFailed };

enum class EngineState {
  kNone,
  kStarting,      // alive, has not answered yet
  kReady,         // alive and answering
  kUnresponsive,  // alive, and silent for longer than is allowed
  kEnded,
};

struct Observation {
  Wish wish = Wish::kUnknown;
  FetchState fetch = FetchState::kNone;  // of everything that has to be there first
  EngineState engine = EngineState::kNone;
  bool is_current = true;    // the engine is of the generation that is wanted
  bool is_stopping = false;  // it was told to stop
  bool may_start = true;     // no back-off is running
  bool is_downloading =
      true;  // what `fetch` is at: the model's files; else it installs or converts
};

enum class Action {
  kNone,
  kStartFetch,
  kCancelFetch,
  kNoteFetchFailure,
  kStartEngine,
  kStopEngine,  // politely, with a grace
  kKillEngine,
  kNoteExit,  // of an engine that ended: reason, back-off
  kForget,    // nothing is left to do
};

struct Decision {
  spec::InstanceState state;
  Action action;
  bool operator==(const Decision&) const = default;
};

Decision Decide(const Observation& seen);

}  // namespace redline::platform
