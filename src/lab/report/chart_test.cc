#include <gtest/gtest.h>

#include <cmath>

#include "lab/report/bar_chart.h"
#include "lab/report/label_placer.h"
#include "lab/report/line_chart.h"
#include "lab/report/well_formed_for_test.h"

namespace redline::lab {
namespace {

std::string Drawn(const LineChart& chart) {
  Markup markup;
  DrawLineChart(chart, markup);
  return markup.text();
}

LineChart OneSeries(std::vector<Point> points) {
  return {.title = "Title", .x_label = "x", .series = {{.name = "a", .points = points}}};
}

TEST(LineChart, LeavesOutWhatIsNotFinite) {
  const std::string text = Drawn(OneSeries({{0, 1}, {NAN, 2}, {2, INFINITY}, {3, 4}}));
  EXPECT_TRUE(IsWellFormed(text));
  EXPECT_EQ(text.find("nan"), std::string::npos);
  EXPECT_EQ(text.find("inf"), std::string::npos);
  EXPECT_EQ(CountOf(text, "<path"), 1);
}

TEST(LineChart, IsNotDrawnWithoutPoints) {
  EXPECT_EQ(Drawn({}), "");
  EXPECT_EQ(Drawn(OneSeries({})), "");
  EXPECT_EQ(Drawn(OneSeries({{NAN, NAN}})), "");
  LineChart logarithmic = OneSeries({{0, 1}, {-3, 1}});
  logarithmic.x_scale = Scale::kLog;
  EXPECT_EQ(Drawn(logarithmic), "");
}

TEST(LineChart, SaysWhatItIsToThoseWhoCannotSeeIt) {
  LineChart chart = OneSeries({{0, 1}, {1, 2, "here <b>"}});
  chart.description = "What \"it\" shows";
  const std::string text = Drawn(chart);
  EXPECT_NE(text.find("role=\"img\" aria-label=\"Title. What &quot;it&quot; shows\""),
            std::string::npos);
  EXPECT_NE(text.find("<title>here &lt;b&gt;</title>"), std::string::npos);
}

TEST(LineChart, ASinglePointWillDo) { EXPECT_TRUE(IsWellFormed(Drawn(OneSeries({{5, 5}})))); }

TEST(BarChart, ValuesAndIntervals) {
  Markup markup;
  DrawBarChart({.title = "Speed",
                .groups = {{"short", {{"a", 0, 10, Range{9, 11}}, {"b", 1, NAN}}},
                           {"empty", {{"c", 2, INFINITY}}},
                           {"long", {{"<d>", 3, 5, Range{NAN, 6}}}}}},
               markup);
  const std::string& text = markup.text();
  EXPECT_TRUE(IsWellFormed(text));
  EXPECT_EQ(CountOf(text, "<rect"), 2);
  EXPECT_EQ(CountOf(text, "whisker"), 1);
  EXPECT_EQ(text.find("empty"), std::string::npos);
  EXPECT_NE(text.find("a: 10 (9 \u2013 11)"), std::string::npos);
  EXPECT_EQ(text.find("nan"), std::string::npos);
}

TEST(BarChart, IsNotDrawnWithoutBars) {
  Markup markup;
  DrawBarChart({.groups = {{"nothing", {}}}}, markup);
  EXPECT_EQ(markup.text(), "");
}

TEST(LabelPlacer, NoLabelOnAnother) {
  LabelPlacer placer(0, 300);
  placer.AddMark(100, 50);
  placer.AddMark(250, 50);
  EXPECT_EQ(placer.Place("first", 100, 50)->anchor, "start");
  EXPECT_EQ(placer.Place("a long label", 250, 50)->anchor, "end");  // the picture ends
  EXPECT_EQ(placer.Place("first", 100, 50)->anchor, "end");
  EXPECT_EQ(placer.Place("first", 100, 50)->y, 41);
  EXPECT_EQ(placer.Place("first", 100, 50)->y, 69);
  EXPECT_FALSE(placer.Place("first", 100, 50));
}

}  // namespace
}  // namespace redline::lab
