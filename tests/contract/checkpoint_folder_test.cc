#include "contract/checkpoint_folder.h"

#include <gtest/gtest.h>

#include "tests/support/temp_folder.h"

namespace zerosweep {
namespace {

TEST(CheckpointFolderTest, NamesComeBackAsTheyWere) {
  const CheckpointName name{"0f8fad5b-d9cb-469f-a165-70867728950e", 1200};
  const auto parsed = ParseCheckpointName(name.Text());
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->attempt, name.attempt);
  EXPECT_EQ(parsed->step, 1200);
  for (const char* foreign :
       {"", "a", "-5", "a-", "a-5x", "a-05", ".unfinished-a-5", "a-99999999999999999999"})
    EXPECT_FALSE(ParseCheckpointName(foreign)) << foreign;
}

TEST(CheckpointFolderTest, ListsTheHighestStepFirst) {
  const TempFolder folder;
  for (const char* name : {"a-9", "b-10", "a-11", ".unfinished-a-12", "stray"})
    std::filesystem::create_directory(folder / name);
  const auto found = CheckpointsIn(folder.path());
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].filename(), "a-11");
  EXPECT_EQ(found[1].filename(), "b-10");
  EXPECT_EQ(found[2].filename(), "a-9");
  EXPECT_TRUE(CheckpointsIn(folder / "nowhere").empty());
}

}  // namespace
}  // namespace zerosweep
