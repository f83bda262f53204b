// Locks of Slurm jobs on hosts whose processes cannot be seen from here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "storage/home/home_lock.h"
#include "tests/support/fake_clock.h"
#include "tests/support/forged_lock.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class HomeLockOfAJobTest : public testing::Test {
 protected:
  HomeLockOfAJobTest() {
    ForgeLock(home_, {{"host", "elsewhere"},
                      {"slurm_job", "42"},
                      {"slurm_cluster", "blue"},
                      {"nonce", "other"}});
  }
  ~HomeLockOfAJobTest() override { HomeLock::AskAboutJobs({}); }

  const TempFolder folder_;
  const Home home_{folder_.path()};
  const FakeClock clock_;
  const HomeLock first_{home_, clock_};
};

TEST_F(HomeLockOfAJobTest, IsTakenOverWhenTheJobHasCertainlyEnded) {
  std::vector<std::string> asked;
  HomeLock::AskAboutJobs([&](const std::string& job, const std::string& cluster) {
    asked.push_back(job + "@" + cluster);
    return true;
  });
  EXPECT_FALSE(HomeLock::IsHeld(home_));
  const HomeLock second(home_, clock_);
  EXPECT_THAT(asked, ElementsAre("42@blue", "42@blue"));
  EXPECT_NE(second.nonce(), first_.nonce());
  EXPECT_TRUE(HomeLock::IsHeld(home_));
}

TEST_F(HomeLockOfAJobTest, IsHeldWhileNobodyIsCertain) {
  EXPECT_TRUE(HomeLock::IsHeld(home_)) << "without anybody to ask";
  HomeLock::AskAboutJobs([](const std::string&, const std::string&) { return false; });
  EXPECT_TRUE(HomeLock::IsHeld(home_));
  try {
    const HomeLock second(home_, clock_);
    FAIL() << "taken over";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kStorage);
    EXPECT_THAT(error.what(), HasSubstr("(Slurm job 42)"));
  }
}

TEST_F(HomeLockOfAJobTest, NobodyIsAskedWhereTheProcessCanBeSeen) {
  const TempFolder folder;
  const Home home{folder.path()};
  const HomeLock living(home, clock_);
  ForgeLock(home, {{"slurm_job", "42"}, {"slurm_cluster", "blue"}});
  HomeLock::AskAboutJobs([](const std::string&, const std::string&) { return true; });
  EXPECT_TRUE(HomeLock::IsHeld(home)) << "it runs here, whatever the queue says";
}

}  // namespace
}  // namespace zerosweep
