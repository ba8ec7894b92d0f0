#include "base/csv.h"

#include <gtest/gtest.h>

namespace redline {
namespace {

using Row = std::vector<std::string>;

TEST(Csv, ReadsWhatSpreadsheetsWrite) {
  const auto table = ParseCsv("a,b,c\r\n1,\"x,\"\"y\"\"\nz\",\n,,\"\"\n");
  ASSERT_TRUE(table.ok()) << table.status().message();
  EXPECT_EQ(table->header, (Row{"a", "b", "c"}));
  ASSERT_EQ(table->rows.size(), 2u);
  EXPECT_EQ(table->rows[0], (Row{"1", "x,\"y\"\nz", ""}));
  EXPECT_EQ(table->rows[1], (Row{"", "", ""}));
  EXPECT_EQ(*table->Column("b"), 1u);
  EXPECT_FALSE(table->Column("d").ok());
}

TEST(Csv, TheLastLineNeedsNoEnd) {
  const auto table = ParseCsv("a\n1");
  ASSERT_TRUE(table.ok());
  EXPECT_EQ(table->rows, (std::vector<Row>{{"1"}}));
}

TEST(Csv, DamagedFilesAreRefused) {
  const std::string wide(2000, ',');
  for (const std::string& text : {std::string(), std::string("a\n\"b"), std::string("a,b\n1\n"),
                                  std::string("a\n\"b\"c\n"), wide})
    EXPECT_FALSE(ParseCsv(text).ok()) << text.substr(0, 20);
}

}  // namespace
}  // namespace redline
