// Calls written as JSON: {"name": "f", "arguments": {...}}, one or an array of them. "parameters"
// may stand for "arguments"; other keys are skipped; the order does not matter, though arguments
// that come before the name are held until it is known.
//
// A call is certain once its name is known and its arguments are seen to start with "{". Where a
// marker announced the call, one without arguments has empty ones. Where none did, the object may
// as well be an answer in JSON: it is given up at the first key that calls do not have, so that it
// is not held back. Not thread-safe.
#pragma once

#include <optional>
#include <string>

#include "text/parsers/call_stream.h"
#include "text/parsers/json_scanner.h"

namespace redline::text {

// Reads the arguments of one call: a JSON object, streamed as it comes.
class ArgumentsReader {
 public:
  void Start() { started_ = false; }
  // kDone: the object is complete. kFailed before its "{": there is no call; later: it is damaged.
  Progress Read(std::string_view tool, CallStream& stream);

 private:
  bool started_ = false;
  JsonScanner scanner_;
};

enum class Announced { kNo, kYes };

// Reads one object. After kDone the call still awaits EndCall().
class JsonCallReader {
 public:
  explicit JsonCallReader(Announced announced) : announced_(announced) {}
  void Start();
  Progress Read(CallStream& stream);

 private:
  enum class State { kOpen, kFirstKey, kKey, kColon, kValue, kComma, kToken, kArguments };
  enum class Token { kKey, kName, kEarlyArguments, kOther };
  using Step = std::optional<Progress>;  // nullopt: go on

  Step StepOn(CallStream& stream);
  Step StepBetween(char c, CallStream& stream);
  Step StepToken(CallStream& stream);
  Step StepArguments(CallStream& stream);
  Step TakeAndGo(CallStream& stream, State next);
  Step StartToken(Token token);
  Step StartValue(char c, CallStream& stream);
  Step EndToken(CallStream& stream);
  Step EndName(CallStream& stream);
  Step EndObject(CallStream& stream);

  const Announced announced_;
  State state_ = State::kOpen;
  Token token_ = Token::kKey;
  std::string token_text_;
  std::string key_;
  std::string name_;             // known, unless empty
  std::string early_arguments_;  // those that came before the name
  JsonScanner scanner_;
  ArgumentsReader arguments_;
};

// Reads one call, or an array of them. After kDone the last call still awaits EndCall(); kFailed
// leaves it to the caller to Abandon().
class JsonCallsReader {
 public:
  explicit JsonCallsReader(Announced announced) : call_(announced) {}
  void Start() { state_ = State::kOpen; }
  Progress Read(CallStream& stream);

 private:
  enum class State { kOpen, kCall, kNext };

  State state_ = State::kOpen;
  bool is_array_ = false;
  JsonCallReader call_;
};

}  // namespace redline::text
