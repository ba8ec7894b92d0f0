#include "base/status.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace redline {
namespace {

Result<int> Half(int number) {
  if (number % 2 != 0) return InvalidArgument("odd", "number");
  return number / 2;
}

Result<int> Quarter(int number) {
  RL_ASSIGN_OR_RETURN(const int half, Half(number));
  return Half(half);
}

TEST(Status, MacrosPassFailuresOn) {
  EXPECT_EQ(*Quarter(8), 2);
  const Status status = Quarter(6).status();
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_EQ(status.param(), "number");
}

TEST(Status, EveryCodeHasANameThatMapsBack) {
  for (int index = 0; index <= static_cast<int>(Code::kInternal); ++index) {
    const Code code = static_cast<Code>(index);
    EXPECT_EQ(CodeFromName(InfoOf(code).name), code);
    EXPECT_EQ(InfoOf(code).exit_code == 0, code == Code::kOk);
  }
}

TEST(Status, ErrnoKeepsItsMeaning) {
  EXPECT_EQ(ErrnoStatus("open", ENOENT).code(), Code::kNotFound);
  EXPECT_EQ(ErrnoStatus("bind", EADDRINUSE).code(), Code::kAlreadyExists);
  EXPECT_EQ(ErrnoStatus("write", ENOSPC).code(), Code::kResourceExhausted);
}

}  // namespace
}  // namespace redline
