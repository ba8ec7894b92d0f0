#include "app/live_view.h"

#include <gtest/gtest.h>

#include <memory>

namespace redline::app {
namespace {

class LiveViewTest : public testing::Test {
 protected:
  std::string Written() {
    std::string text(static_cast<size_t>(std::ftell(file_.get())), '\0');
    std::rewind(file_.get());
    EXPECT_EQ(std::fread(text.data(), 1, text.size(), file_.get()), text.size());
    return text;
  }

  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_{std::tmpfile(), std::fclose};
};

TEST_F(LiveViewTest, ALogHasALineEveryTenSecondsAndForEachRun) {
  LiveView view(file_.get(), LiveView::Output::kLog, 80);
  for (int64_t repeat = 1; repeat <= 2; ++repeat) {
    for (double elapsed_s = 0; elapsed_s < 25; elapsed_s += 0.5)
      view.Show({.repeat = repeat, .num_repeats = 2, .elapsed_s = elapsed_s});
  }
  const std::string text = Written();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 6);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST_F(LiveViewTest, ATerminalIsDrawnOverAndClearedAtTheEnd) {
  {
    LiveView view(file_.get(), LiveView::Output::kTerminal, 40);
    view.Show({.name = "short"});
    view.Show({.name = "short", .errors = {{"reset", 1}}});
  }
  const std::string text = Written();
  EXPECT_TRUE(text.starts_with("short\n"));
  EXPECT_NE(text.find("\x1b[6A\x1b[Jshort\n"), std::string::npos);
  EXPECT_TRUE(text.ends_with("errors    reset 1\n\x1b[7A\x1b[J"));
}

}  // namespace
}  // namespace redline::app
