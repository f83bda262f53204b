// Homes that cannot be written, are newer than the program, or belong to another run.
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/mount.h>

#include <cerrno>
#include <cstring>

#include "tests/support/command_line.h"

namespace zerosweep {
namespace {
namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

// Exit 4 with one line on stderr: the line.
std::string Infrastructure(const Finished& finished) {
  EXPECT_EQ(finished.code, 4) << finished.err;
  EXPECT_EQ(std::count(finished.err.begin(), finished.err.end(), '\n'), 1) << finished.err;
  return finished.err;
}

std::string WriteOneTrial(const CommandLine& line, int iterations = 3) {
  line.Write("sweep.yaml",
             CommandLine::Sweep("grid:\n  method: [{recipe: zeroq, synthesize: {iterations: " +
                                std::to_string(iterations) + "}}]\n  bits: [w8a8]\n"));
  return line / "sweep.yaml";
}

TEST(HomeFaultsTest, AHomeOnAReadOnlyMount) {
  if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    GTEST_SKIP() << "no mounts of our own: " << std::strerror(errno);
  }
  CommandLine line;
  const std::string sweep = WriteOneTrial(line);
  fs::create_directory(line / "disk");
  line.UseHome("disk/home");
  const std::string disk = line / "disk";
  ASSERT_EQ(mount("tmpfs", disk.c_str(), "tmpfs", MS_RDONLY, "size=1m"), 0) << std::strerror(errno);
  EXPECT_THAT(Infrastructure(line.Do({"run", sweep})),
              AllOf(HasSubstr(line.home().string()), HasSubstr("Read-only file system")));
  EXPECT_EQ(line.Do({"plan", sweep}).code, 0) << "a plan writes nothing";
  umount2(disk.c_str(), MNT_DETACH);
}

TEST(HomeFaultsTest, ADatabaseOfANewerProgramIsRefusedAndKept) {
  const CommandLine line;
  const std::string sweep = WriteOneTrial(line);
  ASSERT_EQ(line.Do({"run", sweep}).code, 0);
  const fs::path database = line.home() / "results.db";
  // SQLite keeps PRAGMA user_version big-endian at byte 60 of the file.
  std::string bytes = Contents(database);
  ASSERT_TRUE(bytes.starts_with("SQLite format 3"));
  bytes.replace(60, 4, std::string("\0\0\x03\xe7", 4));
  WriteBytes(database, bytes);
  for (const char* command : {"run", "status"}) {
    std::vector<std::string> words = {command};
    if (words[0] == "run") words.push_back(sweep);
    EXPECT_THAT(Infrastructure(line.Do(words)),
                AllOf(HasSubstr("newer zerosweep"), HasSubstr("999"), HasSubstr("upgrade")));
  }
  EXPECT_EQ(Contents(database), bytes);
}

TEST(HomeFaultsTest, AHomeInUseNamesItsOwner) {
  const CommandLine line;
  const std::string sweep = WriteOneTrial(line, 100000);
  const auto owner = line.Start({"run", sweep});
  ASSERT_TRUE(WaitUntil([&] { return !StagesOf(line.home()).empty(); }, 30)) << owner->Said();
  EXPECT_THAT(
      Infrastructure(line.Do({"run", sweep})),
      AllOf(HasSubstr(line.home().string()), HasSubstr(fmt::format("pid {}", owner->pid()))));
  EXPECT_EQ(line.Do({"status"}).code, 0) << "reading goes on beside a run";
  owner->Signal(SIGKILL);
  EXPECT_EQ(owner->Wait().code, 128 + SIGKILL);
  line.ExpectNoOrphans();
  // The dead owner's lock is no obstacle.
  EXPECT_EQ(line.Do({"run", WriteOneTrial(line)}).code, 0);
}

TEST(HomeFaultsTest, ACopyOfAHomeInUseIsAHomeOfItsOwn) {
  CommandLine line;
  const std::string sweep = WriteOneTrial(line, 100000);
  const auto owner = line.Start({"run", sweep});
  ASSERT_TRUE(WaitUntil([&] { return !StagesOf(line.home()).empty(); }, 30)) << owner->Said();
  fs::copy(line.home(), line / "copy",
           fs::copy_options::recursive | fs::copy_options::copy_symlinks);
  line.UseHome("copy");
  EXPECT_THAT(line.Do({"status"}).err, HasSubstr("no coordinator is running"));
  const Finished finished = line.Do({"run", WriteOneTrial(line)});
  EXPECT_EQ(finished.code, 0) << finished.err;
  line.UseHome("home");
  EXPECT_THAT(Infrastructure(line.Do({"run", sweep})), HasSubstr("is in use by"));
}

TEST(HomeFaultsTest, ADamagedDatabaseIsNamedAndKept) {
  const CommandLine line;
  const std::string sweep = WriteOneTrial(line);
  ASSERT_EQ(line.Do({"run", sweep}).code, 0);
  const fs::path database = line.home() / "results.db";
  const std::string whole = Contents(database);
  std::string torn = whole;  // pages of tables
  torn.replace(4096, 16384, std::string(16384, 'x'));
  for (const std::string& damaged :
       {"garbage, garbage" + whole.substr(16), whole.substr(0, whole.size() / 2), torn}) {
    WriteBytes(database, damaged);
    for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
             {"status"},
             {"leaderboard"},
             {"query", "SELECT * FROM v_trial"},
             {"run", sweep},
             {"gc"},
             {"export", "--bundle", "tiny", "-o", line / "tiny.bundle"},
             {"report", "-o", line / "report.html"}}) {
      EXPECT_THAT(Infrastructure(line.Do(words)),
                  AllOf(HasSubstr(database.string()), HasSubstr("the file is damaged")));
    }
    const Finished fsck = line.Do({"fsck", "--format", "json"});
    EXPECT_EQ(fsck.code, 4) << fsck.err;
    EXPECT_EQ(fsck.json().at(0).at("what"), "database");
    EXPECT_TRUE(Contents(database) == damaged) << "it is evidence";
  }
  // Without any database the next run takes up what the artifacts hold.
  fs::remove(database);
  EXPECT_EQ(line.Do({"run", sweep}).code, 3);
  EXPECT_EQ(line.Value("SELECT state FROM v_trial"), "done");
}

TEST(HomeFaultsTest, AnArtifactThatIsGoneFailsItsUsersUntilItIsBack) {
  const CommandLine line;
  ASSERT_EQ(line.Do({"run", WriteOneTrial(line)}).code, 0);
  const std::string digest = line.Value("SELECT artifact FROM v_stage WHERE kind = 'synthesize'");
  const fs::path folder = line.home() / "artifacts" / digest.substr(0, 2) / digest;
  fs::rename(folder, line / "aside");
  const std::string more = line / "more.yaml";
  line.Write("more.yaml", CommandLine::Sweep("grid:\n  method: [{recipe: zeroq, synthesize: "
                                             "{iterations: 3}}]\n  bits: [w8a8, w4a4]\n"));
  EXPECT_EQ(line.Do({"run", more}).code, 1);
  EXPECT_THAT(line.Value("SELECT error FROM v_trial WHERE state = 'failed'").get<std::string>(),
              AllOf(HasSubstr("'images' is gone"), HasSubstr(digest), HasSubstr("zerosweep fsck")));
  EXPECT_EQ(line.Value("SELECT count(*) FROM v_trial WHERE state = 'done'"), 1);
  const Finished fsck = line.Do({"fsck", "--format", "json"});
  EXPECT_EQ(fsck.code, 4);
  EXPECT_EQ(fsck.json().at(0).at("what"), "artifact " + digest);
  EXPECT_THAT(Infrastructure(line.Do({"export", "--bundle", "tiny", "-o", line / "tiny.bundle"})),
              HasSubstr(digest));
  EXPECT_FALSE(fs::exists(line / "tiny.bundle"));
  fs::rename(line / "aside", folder);
  EXPECT_EQ(line.Do({"retry", "--sweep", "tiny"}).code, 0);
  EXPECT_EQ(line.Do({"run", more}).code, 0);
}

}  // namespace
}  // namespace zerosweep
