#include "cluster/slurm/sbatch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/process/run_program.h"

namespace zerosweep {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::vector<std::string> Words(const SbatchRequest& request,
                               const std::string& folder = "/home/u/jobs/1") {
  return SbatchArguments(request, folder, "/opt/zerosweep");
}

std::string ErrorOf(const SbatchRequest& request, const std::string& folder = "/jobs/1") {
  try {
    Words(request, folder);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    return error.what();
  }
  return "no error";
}

TEST(SbatchArgumentsTest, SaysWhatWasAskedForAndNoMore) {
  EXPECT_THAT(Words({.sweep = "tiny", .nodes = 2}),
              ElementsAre("--job-name=zerosweep-tiny", "--nodes=2", "--ntasks-per-node=1",
                          "--signal=B:USR1@120", "--requeue", "--open-mode=append",
                          "--output=/home/u/jobs/1/output.txt", "/home/u/jobs/1/job.sh",
                          "/opt/zerosweep", "/home/u/jobs/1"));
  const auto words = Words({.sweep = "tiny",
                            .gpus_per_node = 4,
                            .cpus_per_node = 16,
                            .memory = "32G",
                            .time = "2-0",
                            .partition = "long",
                            .account = "me",
                            .notice = 300,
                            .passed = {"--qos=high", "-x", "node7"}});
  for (const char* word :
       {"--gpus-per-node=4", "--cpus-per-task=16", "--mem=32G", "--time=2-0", "--partition=long",
        "--account=me", "--signal=B:USR1@300", "--qos=high", "-x", "node7"})
    EXPECT_THAT(words, Contains(word));
  EXPECT_EQ(words.end()[-3], "/home/u/jobs/1/job.sh") << "options end before the script";
}

TEST(SbatchArgumentsTest, ANameBecomesOneThatEveryToolCanPrint) {
  const auto words = Words({.sweep = "a b'\"\n$(touch pwned)`id`%j|x" + std::string(90, 'y')});
  EXPECT_THAT(words[0], AllOf(StartsWith("--job-name=zerosweep-a-b-----touch-pwned--id--j-x"),
                              testing::SizeIs(testing::Le(61U))));
}

TEST(SbatchArgumentsTest, AValueCannotBecomeAnOption) {
  const auto words = Words({.sweep = "t", .partition = "--wrap=id", .account = "-x /bin/sh"});
  EXPECT_THAT(words, AllOf(Contains("--partition=--wrap=id"), Contains("--account=-x /bin/sh"),
                           Not(Contains("--wrap=id"))));
}

TEST(SbatchArgumentsTest, TheOutputIsNoPattern) {
  EXPECT_THAT(Words({.sweep = "t"}, "/a %j 100%/jobs/1"),
              Contains("--output=/a %%j 100%%/jobs/1/output.txt"));
  EXPECT_THAT(ErrorOf({.sweep = "t"}, "/a\\b/1"), HasSubstr("choose another --home"));
}

TEST(SbatchArgumentsTest, WhatWouldChangeTheJobsNatureIsRefused) {
  EXPECT_THAT(ErrorOf({.passed = {"other.yaml"}}), HasSubstr("put those after --"));
  EXPECT_THAT(ErrorOf({.passed = {"--array=1-4"}}), HasSubstr("one job"));
  EXPECT_THAT(ErrorOf({.passed = {"--exclusive", "-a", "1-4"}}), HasSubstr("one job"));
  EXPECT_THAT(ErrorOf({.passed = {"--wrap", "id"}}), HasSubstr("--setup"));
}

TEST(SbatchArgumentsTest, AShellReadsAWordAsItWas) {
  for (const std::string word : {"plain-1.2/x=y", "", "a b", "it's", "$(id)`id`\"$HOME\"",
                                 "two\nlines", "~", "-n", "#", "*"}) {
    EXPECT_EQ(
        RunProgram({"sh", "-c", "printf %s. " + ShellWord(word)}, {{"PATH", "/usr/bin:/bin"}}, 20)
            .out,
        word + ".");
  }
}

}  // namespace
}  // namespace zerosweep
