#include "base/name_pattern.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace zerosweep {
namespace {

TEST(NamePatternTest, FindsPartsOfNames) {
  EXPECT_TRUE(NamePattern("conv1").FoundIn("layer1.0.conv1"));
  EXPECT_FALSE(NamePattern("^conv1$").FoundIn("layer1.0.conv1"));
  EXPECT_TRUE(NamePattern("layer[12]\\.|^fc$").FoundIn("fc"));
  EXPECT_FALSE(NamePattern("layer[12]\\.|^fc$").FoundIn("layer3.0.conv1"));
}

// An expression on which a matcher that backtracks never ends.
TEST(NamePatternTest, NoExpressionTakesForEver) {
  const std::string name(200, 'a');
  EXPECT_FALSE(NamePattern("(.*)*(.*)*(.*)*z").FoundIn(name));
  EXPECT_FALSE(NamePattern("(a|a)*(a|aa)*b$").FoundIn(name));
}

TEST(NamePatternTest, RefusesWhatIsNoneAndWhatGrows) {
  for (const std::string& text :
       {std::string("(conv"), std::string("a{9999}"), std::string(2000, 'a')})
    EXPECT_THROW(NamePattern{text}, Error) << text;
}

}  // namespace
}  // namespace zerosweep
