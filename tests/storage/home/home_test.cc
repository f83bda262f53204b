#include "storage/home/home.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>

#include "base/error.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {
namespace {

TEST(HomeTest, OptionGoesBeforeEnvironmentBeforeDefault) {
  setenv("ZEROSWEEP_HOME", "/tmp/from-environment", 1);
  EXPECT_EQ(Home::Locate("/tmp/a/../given").folder, "/tmp/given");
  EXPECT_EQ(Home::Locate("").folder, "/tmp/from-environment");
  unsetenv("ZEROSWEEP_HOME");
  EXPECT_EQ(Home::Locate("").folder, std::filesystem::current_path() / "zerosweep-home");
}

TEST(HomeTest, NamesItsPlaces) {
  const Home home{"/h"};
  const std::string digest(64, 'a');
  EXPECT_EQ(home.artifact(digest), "/h/artifacts/aa/" + digest);
  EXPECT_EQ(home.staging("1234"), "/h/artifacts/.staging/1234");
  EXPECT_EQ(home.log("1234"), "/h/logs/12/1234.log");
  EXPECT_THROW(home.staging("../../etc"), Error);
  EXPECT_THROW(home.artifact(""), Error);
}

TEST(HomeTest, CreatesPrivateFolders) {
  const TempFolder folder;
  const Home home{folder / "deep/home"};
  EXPECT_FALSE(home.Exists());
  home.Create();
  home.Create();
  EXPECT_TRUE(home.Exists());
  struct stat info {};
  ASSERT_EQ(stat(home.requests().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777u, 0700u);
}

TEST(HomeTest, RefusesAPlaceThatIsAFile) {
  const TempFolder folder;
  std::fclose(std::fopen((folder / "file").c_str(), "w"));
  try {
    Home{folder / "file"}.Create();
    FAIL() << "a file became a home";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kStorage);
    EXPECT_NE(std::string(error.what()).find("file"), std::string::npos);
  }
}

}  // namespace
}  // namespace zerosweep
