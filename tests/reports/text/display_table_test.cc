#include "reports/text/display_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace zerosweep {
namespace {

using testing::Not;

const DisplayTable kSmall = {
    {{"name", "n"}, {{"a", 1}, {"a long name of 24 chars.", 20}, {"b", nullptr}}, false},
    {},
    {1},
    0};

TEST(DisplayTableTest, AlignsColumnsAndEndsNoLineInBlanks) {
  EXPECT_EQ(AlignedTable(kSmall, {}),
            "name                       n\n"
            "────────────────────────  ──\n"
            "a                          1\n"
            "a long name of 24 chars.  20\n"
            "b                          –\n");
}

TEST(DisplayTableTest, SectionsHaveTheirHeadingAndTheirWidth) {
  DisplayTable people = kSmall;
  people.sections = {{0, "first"}, {2, "second"}};
  EXPECT_EQ(AlignedTable(people, {}),
            "first\n"
            "name                       n\n"
            "────────────────────────  ──\n"
            "a                          1\n"
            "a long name of 24 chars.  20\n"
            "\n"
            "second\n"
            "name  n\n"
            "────  ─\n"
            "b     –\n");
}

TEST(DisplayTableTest, OneColumnGivesWayToTheWidthOfTheTerminal) {
  EXPECT_EQ(AlignedTable(kSmall, {.bold = false, .width = 20}),
            "name               n\n"
            "────────────────  ──\n"
            "a                  1\n"
            "a long name of …  20\n"
            "b                  –\n");
  EXPECT_EQ(AlignedTable(kSmall, {.bold = false, .width = 28}), AlignedTable(kSmall, {}));
  // Twelve columns stay, however narrow the terminal is.
  EXPECT_THAT(AlignedTable(kSmall, {.bold = false, .width = 4}),
              testing::HasSubstr("\na long name…  20\n"));
}

TEST(DisplayTableTest, SecondLinesFlowUnderTheirRows) {
  DisplayTable people = kSmall;
  people.table = {{"n", "name"}, {{"1", "a"}, {"2", "b"}}, false};
  people.shrinkable = {};
  people.sections = {{0, "first", "said of all rows of this section"}};
  people.under_heading = "more";
  people.under = {"one two three four five", "averyveryverylongwordindeed"};
  EXPECT_EQ(AlignedTable(people, {.bold = false, .width = 20}),
            "first\n"
            "said of all rows of\n"
            "this section\n"
            "n  name\n"
            "   more\n"
            "─  ────\n"
            "1  a\n"
            "   one two three\n"
            "   four five\n"
            "2  b\n"
            "   averyveryverylong\n"
            "   wordindeed\n");
  people.under = {"", ""};
  EXPECT_THAT(AlignedTable(people, {}), Not(testing::HasSubstr("more")));
}

TEST(DisplayTableTest, OnlyATerminalGetsControlBytes) {
  EXPECT_THAT(AlignedTable(kSmall, {}), Not(testing::HasSubstr("\x1b")));
  const std::string bold = AlignedTable(kSmall, {.bold = true, .width = 0});
  EXPECT_THAT(bold, testing::HasSubstr("\x1b[1ma long name of 24 chars.  20\x1b[0m\n"));
  EXPECT_THAT(bold, testing::HasSubstr("\na                          1\n"));
  EXPECT_TRUE(bold.starts_with("\x1b[1mname")) << bold;
}

TEST(DisplayTableTest, StoredTextCannotDriveATerminal) {
  const DisplayTable hostile = {{{"a\x1b[2J"},
                                 {{"x\x1b]0;y\x07z\n\x7f"},
                                  {"\xc2\x9b"
                                   "31m"},
                                  {"Ω ±"}},
                                 false},
                                {},
                                {},
                                {}};
  EXPECT_EQ(AlignedTable(hostile, {}), "a [2J\n──────────\nx ]0;y z\n 31m\nΩ ±\n");
  EXPECT_EQ(WithoutControls("one\ntwo\t\r\xc2\x80\xc2\xa0"), "one\ntwo   \xc2\xa0");
}

}  // namespace
}  // namespace zerosweep
