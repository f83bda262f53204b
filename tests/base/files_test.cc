#include "base/files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/error.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {
namespace {

namespace fs = std::filesystem;

TEST(FilesTest, AtomicWriteReplacesAndLeavesNothingElse) {
  const TempFolder temp;
  WriteFileAtomically(temp / "a", "one");
  WriteFileAtomically(temp / "a", "two");
  EXPECT_EQ(ReadFile(temp / "a"), "two");
  EXPECT_EQ(std::distance(fs::directory_iterator(temp.path()), fs::directory_iterator()), 1);
}

TEST(FilesTest, WhatUsersAskForIsReadableAsTheirOtherFilesAre) {
  const TempFolder temp;
  const mode_t before = umask(022);
  WriteFileAtomically(temp / "own", "one");
  WriteFileAtomically(temp / "usual", "one", kUsualMode);
  umask(before);
  const auto mode = [&](const char* name) {
    struct stat info {};
    EXPECT_EQ(stat((temp / name).c_str(), &info), 0);
    return info.st_mode & 0777;
  };
  EXPECT_EQ(mode("own"), 0600U);
  EXPECT_EQ(mode("usual"), 0644U);
}

TEST(FilesTest, PartsStandOneAfterTheOther) {
  const TempFolder temp;
  WriteFileAtomically(temp / "a", {"one", "", std::string_view("\0two", 4)});
  EXPECT_EQ(ReadFile(temp / "a"), std::string("one\0two", 7));
}

TEST(FilesTest, FailedWriteSaysWhereAndLeavesNothing) {
  const TempFolder temp;
  try {
    WriteFileAtomically(temp / "absent" / "a", "one");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kStorage);
    EXPECT_NE(std::string(error.what()).find("absent/a"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("No such file"), std::string::npos);
  }
  EXPECT_TRUE(fs::is_empty(temp.path()));
}

// /dev/full refuses every byte with ENOSPC, also for root.
TEST(FilesTest, AFullDiskIsNamedWithAdvice) {
  try {
    WriteFileDurably("/dev/full", "one");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kStorage);
    EXPECT_NE(std::string(error.what()).find("No space left"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("free some space"), std::string::npos);
  }
}

TEST(FilesTest, AFolderBelowAFileIsAnErrorOfOurs) {
  const TempFolder temp;
  WriteFileDurably(temp / "file", "bytes");
  try {
    MakePrivateFolder(temp / "file" / "folder");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kStorage);
    EXPECT_NE(std::string(error.what()).find("Not a directory"), std::string::npos);
  }
}

TEST(FilesTest, RenameNoReplaceKeepsTheFirst) {
  const TempFolder temp;
  for (const char* name : {"a", "b"}) {
    fs::create_directory(temp / name);
    WriteFileDurably(temp / name / "file", name);
  }
  EXPECT_TRUE(RenameNoReplace(temp / "a", temp / "published"));
  EXPECT_FALSE(RenameNoReplace(temp / "b", temp / "published"));
  EXPECT_EQ(ReadFile(temp / "published" / "file"), "a");
  EXPECT_TRUE(fs::exists(temp / "b"));
}

TEST(FilesTest, PrivateFoldersAreTheUsersAlone) {
  const TempFolder temp;
  MakePrivateFolder(temp / "x" / "y");
  struct stat info {};
  ASSERT_EQ(stat((temp / "x" / "y").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0700U);
  MakePrivateFolder(temp / "x" / "y");  // again is no error
  WriteFileDurably(temp / "file", "");
  EXPECT_THROW(MakePrivateFolder(temp / "file" / "z"), Error);
}

TEST(FilesTest, UuidsAreVersion4AndDiffer) {
  const std::string a = NewUuid();
  EXPECT_EQ(a.size(), 36U);
  EXPECT_EQ(a[14], '4');
  EXPECT_NE(a, NewUuid());
}

TEST(FilesTest, ANameAsLongAsNamesMayBeCanBeWritten) {
  const TempFolder temp;
  const std::string name(255, 'n');
  WriteFileAtomically(temp / name, "bytes");
  EXPECT_EQ(ReadFile(temp / name), "bytes");
  EXPECT_THROW(WriteFileAtomically(temp / (name + "n"), "bytes"), Error);
}

TEST(FilesTest, APathThatIsNotUtf8IsNamedByteForByte) {
  EXPECT_NO_THROW(RequireUtf8Path("/tmp/café, \"#:=", "the home"));
  try {
    RequireUtf8Path("/tmp/caf\xe9", "the home");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_STREQ(error.what(),
                 "the name of the home is not UTF-8 text: /tmp/caf\\xe9; rename it, since results "
                 "could not name it");
  }
}

TEST(FilesTest, ATildeIsTheHomeFolderWhereAShellWouldSaySo) {
  const std::string home = std::getenv("HOME") != nullptr ? std::getenv("HOME") : "";
  setenv("HOME", "/home/me", 1);
  EXPECT_EQ(WithHomeFolder("~"), "/home/me");
  EXPECT_EQ(WithHomeFolder("~/"), "/home/me");
  EXPECT_EQ(WithHomeFolder("~/data/x"), "/home/me/data/x");
  for (const char* same : {"", "~bob/x", "./~", "a/~/b", "x~"})
    EXPECT_EQ(WithHomeFolder(same), same);
  unsetenv("HOME");
  EXPECT_THROW(WithHomeFolder("~/x"), Error);
  if (!home.empty()) setenv("HOME", home.c_str(), 1);
}

}  // namespace
}  // namespace zerosweep
