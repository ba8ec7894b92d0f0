#include "platform/agent/transitions.h"

#include <gtest/gtest.h>

namespace redline::platform {
namespace {

using enum Wish;
using State = spec::InstanceState;

struct Case {
  const char* what;
  Observation seen;
  State state;
  Action action;
};

TEST(TransitionsTest, EveryTransition) {
  const Case cases[] = {
      // The way up.
      {"new", {.wish = kRun}, State::kInitializing, Action::kStartFetch},
      {"fetching", {kRun, FetchState::kRunning}, State::kDownloading, Action::kNone},
      {"installing the engine",
       {.wish = kRun, .fetch = FetchState::kRunning, .is_downloading = false},
       State::kInitializing,
       Action::kNone},
      {"fetched", {kRun, FetchState::kDone}, State::kStarting, Action::kStartEngine},
      {"loading",
       {kRun, FetchState::kDone, EngineState::kStarting},
       State::kStarting,
       Action::kNone},
      {"ready", {kRun, FetchState::kDone, EngineState::kReady}, State::kRunning, Action::kNone},
      // Failures.
      {"fetch failed", {kRun, FetchState::kFailed}, State::kError, Action::kNoteFetchFailure},
      {"engine ended",
       {kRun, FetchState::kDone, EngineState::kEnded},
       State::kError,
       Action::kNoteExit},
      {"back-off", {.wish = kRun, .may_start = false}, State::kError, Action::kNone},
      {"back-off, files there",
       {.wish = kRun, .fetch = FetchState::kDone, .may_start = false},
       State::kError,
       Action::kNone},
      {"silent",
       {kRun, FetchState::kDone, EngineState::kUnresponsive},
       State::kError,
       Action::kKillEngine},
      // Adopted engines need no files.
      {"adopted", {kRun, FetchState::kNone, EngineState::kReady}, State::kRunning, Action::kNone},
      {"adopted, ended meanwhile",
       {kRun, FetchState::kNone, EngineState::kEnded},
       State::kError,
       Action::kNoteExit},
      // Fencing.
      {"old generation",
       {.wish = kRun, .engine = EngineState::kReady, .is_current = false},
       State::kDraining,
       Action::kStopEngine},
      {"old generation, starting",
       {.wish = kRun, .engine = EngineState::kStarting, .is_current = false},
       State::kDraining,
       Action::kStopEngine},
      {"old generation, silent",
       {.wish = kRun, .engine = EngineState::kUnresponsive, .is_current = false},
       State::kDraining,
       Action::kStopEngine},
      {"old generation, stopping",
       {.wish = kRun, .engine = EngineState::kReady, .is_current = false, .is_stopping = true},
       State::kDraining,
       Action::kNone},
      {"old generation, ended",
       {.wish = kRun, .engine = EngineState::kEnded, .is_current = false, .is_stopping = true},
       State::kInitializing,
       Action::kNoteExit},
      {"old generation, ended by itself",
       {.wish = kRun, .engine = EngineState::kEnded, .is_current = false},
       State::kInitializing,
       Action::kNoteExit},
      {"wanted again while stopping",
       {.wish = kRun, .engine = EngineState::kReady, .is_stopping = true},
       State::kDraining,
       Action::kNone},
      // The way down.
      {"stop",
       {.wish = kStop, .engine = EngineState::kReady},
       State::kDraining,
       Action::kStopEngine},
      {"stop a starting one",
       {.wish = kStop, .engine = EngineState::kStarting},
       State::kDraining,
       Action::kStopEngine},
      {"stop a silent one",
       {.wish = kStop, .engine = EngineState::kUnresponsive},
       State::kDraining,
       Action::kStopEngine},
      {"stopping",
       {.wish = kStop, .engine = EngineState::kReady, .is_stopping = true},
       State::kDraining,
       Action::kNone},
      {"stopped",
       {.wish = kStop, .engine = EngineState::kEnded, .is_stopping = true},
       State::kStopped,
       Action::kForget},
      {"stop while fetching",
       {kStop, FetchState::kRunning},
       State::kDraining,
       Action::kCancelFetch},
      {"stop before anything", {.wish = kStop}, State::kStopped, Action::kForget},
      {"stop in back-off", {.wish = kStop, .may_start = false}, State::kStopped, Action::kForget},
      // Nothing heard of the server.
      {"unknown, runs", {.engine = EngineState::kReady}, State::kRunning, Action::kNone},
      {"unknown, starts", {.engine = EngineState::kStarting}, State::kStarting, Action::kNone},
      {"unknown, silent", {.engine = EngineState::kUnresponsive}, State::kRunning, Action::kNone},
      {"unknown, ended", {.engine = EngineState::kEnded}, State::kStopped, Action::kNone},
      {"unknown, none", {}, State::kStopped, Action::kNone},
  };
  for (const Case& each : cases) {
    const Decision decision = Decide(each.seen);
    EXPECT_EQ(spec::NameOf(decision.state), spec::NameOf(each.state)) << each.what;
    EXPECT_EQ(decision.action, each.action) << each.what;
  }
}

// Over every observation there is: the properties that keep engines from doubling.
TEST(TransitionsTest, Invariants) {
  for (const Wish wish : {kUnknown, kRun, kStop}) {
    for (int bits = 0; bits < 4 * 5 * 8; ++bits) {
      const Observation seen{.wish = wish,
                             .fetch = static_cast<FetchState>(bits % 4),
                             .engine = static_cast<EngineState>(bits / 4 % 5),
                             .is_current = (bits / 20 & 1) != 0,
                             .is_stopping = (bits / 20 & 2) != 0,
                             .may_start = (bits / 20 & 4) != 0};
      const Decision decision = Decide(seen);
      const bool has_engine = seen.engine != EngineState::kNone;
      const bool starts = decision.action == Action::kStartEngine;
      const bool runs = decision.state == State::kRunning;
      const bool may_start =
          wish == kRun && !has_engine && seen.may_start && seen.fetch == FetchState::kDone;
      EXPECT_TRUE(!starts || may_start);
      EXPECT_TRUE(decision.action != Action::kForget || !has_engine ||
                  seen.engine == EngineState::kEnded);
      EXPECT_TRUE(wish != kUnknown || decision.action == Action::kNone);
      EXPECT_TRUE(wish != kStop || !runs);
      EXPECT_TRUE(!runs || wish == kUnknown || (seen.is_current && !seen.is_stopping));
    }
  }
}

}  // namespace
}  // namespace redline::platform
