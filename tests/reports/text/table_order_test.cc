#include "reports/text/table_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace zerosweep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const Table kRows = {
    {"name", "value"}, {{"b", 10}, {"a", nullptr}, {"c", 9.5}, {"a", 10}, {"d", "MP"}}, false};

TEST(TableOrderTest, NumbersGoByValueAndMissingIsLastEitherWay) {
  EXPECT_THAT(RowOrder(kRows, "value"), ElementsAre(2, 0, 3, 4, 1));
  EXPECT_THAT(RowOrder(kRows, "-value"), ElementsAre(4, 0, 3, 2, 1));
}

TEST(TableOrderTest, LaterColumnsDecideBetweenEquals) {
  EXPECT_THAT(RowOrder(kRows, "name,-value"), ElementsAre(3, 1, 0, 2, 4));
  EXPECT_THAT(RowOrder(kRows, "-value,name"), ElementsAre(4, 3, 0, 2, 1));
}

TEST(TableOrderTest, UnknownColumnsAreRefusedWithTheKnown) {
  for (const char* words : {"valu", "name,", "", "--name", "name, value"}) {
    try {
      RowOrder(kRows, words);
      ADD_FAILURE() << "took '" << words << "'";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage);
      EXPECT_THAT(error.what(), HasSubstr("columns are name, value")) << words;
    }
  }
}

TEST(TableOrderTest, RowsOfOneKeyComeTogether) {
  const auto first = [](const std::string& word) { return word.substr(0, 1); };
  EXPECT_THAT(GroupBy(std::vector<std::string>{"b1", "a1", "b2", "c1", "a2"}, first),
              ElementsAre("b1", "b2", "a1", "a2", "c1"));
  EXPECT_THAT(Reordered(std::vector<int>{5, 6, 7}, {2, 0, 1}), ElementsAre(7, 5, 6));
}

}  // namespace
}  // namespace zerosweep
