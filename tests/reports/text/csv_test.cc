#include "reports/text/csv.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace zerosweep {
namespace {

using Rows = std::vector<std::vector<std::string>>;

TEST(CsvTest, ReadsPlainAndQuotedFields) {
  EXPECT_EQ(ParseCsv("a,b\n1,\n"), (Rows{{"a", "b"}, {"1", ""}}));
  EXPECT_EQ(ParseCsv("a,b\r\n1,2"), (Rows{{"a", "b"}, {"1", "2"}}));
  EXPECT_EQ(ParseCsv("\"x, \"\"y\"\"\",\"two\nlines\",\"\"\nz,,"),
            (Rows{{"x, \"y\"", "two\nlines", ""}, {"z", "", ""}}));
  EXPECT_TRUE(ParseCsv("").empty());
}

TEST(CsvTest, RefusesStrayQuotes) {
  for (const char* text : {"a\"b\n", "\"a\n\nb", "\"a\"b\n"}) {
    try {
      ParseCsv(text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage);
      EXPECT_EQ(std::string(error.what()).rfind("line 1: ", 0), 0u) << error.what();
    }
  }
}

}  // namespace
}  // namespace zerosweep
