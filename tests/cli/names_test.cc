// Names of any bytes, sweeps from standard input, and what reaches terminals and spreadsheets.
#include <gmock/gmock.h>

#include "tests/support/command_line.h"
#include "tests/support/pseudo_terminal.h"

namespace zerosweep {
namespace {
namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class NamesTest : public testing::Test {
 protected:
  // One line and exit 2, and no word of a JSON library.
  static void ExpectRefused(const Finished& finished, const std::string& words) {
    EXPECT_EQ(finished.code, 2) << finished.err;
    EXPECT_EQ(finished.out, "");
    EXPECT_EQ(std::count(finished.err.begin(), finished.err.end(), '\n'), 1) << finished.err;
    EXPECT_THAT(finished.err, AllOf(HasSubstr(words), HasSubstr("not UTF-8"),
                                    Not(HasSubstr("json")), Not(HasSubstr("internal"))));
  }
  // In bash, with $Z for the program, in this test's folder.
  Finished Bash(const std::string& command) const {
    const std::string program = BuildFolder() + "/bin/zerosweep";
    return line_
        .StartProgram({"/bin/bash", "-c",
                       "cd \"$1\"; P=(\"$1\" \"$2\"); "
                       "Z() { \"${P[1]}\" --home \"${P[0]}/home\" \"$@\"; }; " +
                           command,
                       "bash", line_ / ".", program})
        ->Wait();
  }

  CommandLine line_;
};

TEST_F(NamesTest, PathsThatAreNotUtf8AreRefusedAtOnce) {
  line_.Write("sweep.yaml", CommandLine::NoiseSweep());
  const std::string sweep = line_ / "sweep.yaml";
  CommandLine other;
  other.UseHome("caf\xe9");
  ExpectRefused(other.Do({"run", sweep}), "caf\\xe9");
  EXPECT_FALSE(fs::exists(other.home()));
  ExpectRefused(line_.Do({"run", sweep, "--data", line_ / "d\xe9"}), "d\\xe9");
  ExpectRefused(line_.Do({"plan", line_ / "s\xff.yaml"}), "s\\xff.yaml");
  ExpectRefused(line_.Do({"quantize", line_ / "w\xe9.pth", "--method", "noise", "--bits", "w8a8"}),
                "w\\xe9.pth");
  ExpectRefused(line_.Do({"plan", sweep, "--set", "fixed.model.file=w\xe9.pth"}), "w\\xe9.pth");
  ExpectRefused(line_.Do({"query", "SELECT '\xe9'"}), "SELECT '\\xe9'");
  line_.SetEnvironment("ZEROSWEEP_DATA", line_ / "d\xe9");
  ExpectRefused(line_.Do({"plan", sweep}), "$ZEROSWEEP_DATA");
  ExpectRefused(line_.Do({"datasets"}), "$ZEROSWEEP_DATA");
}

TEST_F(NamesTest, AFolderWhoseNameIsNotUtf8CannotBeWorkedFrom) {
  line_.Write("sweep.yaml", CommandLine::NoiseSweep());
  const std::string in = "mkdir $'d\\xe9' && cp sweep.yaml $'d\\xe9' && cd $'d\\xe9' && ";
  ExpectRefused(Bash(in + "Z run sweep.yaml"), "the name of the sweep's folder");
  ExpectRefused(Bash("cd $'d\\xe9' && \"${P[1]}\" run ../sweep.yaml"), "the name of the home");
}

TEST_F(NamesTest, AMessageIsOneLineWhateverANameHolds) {
  for (const std::string& name : {std::string("two\nlines.yaml"), std::string("\x1b[2J.yaml")}) {
    const Finished refused = line_.Do({"plan", line_ / name});
    EXPECT_EQ(refused.code, 2);
    EXPECT_EQ(std::count(refused.err.begin(), refused.err.end(), '\n'), 1) << refused.err;
    EXPECT_EQ(refused.err.find('\x1b'), std::string::npos) << refused.err;
    EXPECT_EQ(line_.Do({"plan", line_ / name, "--" + name}).err.find('\x1b'), std::string::npos);
  }
}

// A name of 240 bytes, and one that is a formula, an option, a comment and a map.
TEST_F(NamesTest, EveryOtherNameWorks) {
  const std::string odd = "=-1+1,\"'#x: y; $HOME é{[", tall(238, 'n');
  for (const std::string& name : {odd + ".safetensors", tall + ".safetensors"})
    fs::copy_file(line_ / "tiny.safetensors", line_ / name);
  line_.Write("-s=#.yaml", CommandLine::NoiseSweep());
  const std::string sweep = line_ / "-s=#.yaml";
  const Finished run =
      line_.Do({"run", sweep, "--set", "fixed.model.file=" + odd + ".safetensors"});
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_THAT(run.err, HasSubstr("--set fixed.model.file: taken as the text '" + odd));
  const Finished long_run = line_.Do({"run", sweep, "--set", "name=tall", "--set", "seeds=[7]",
                                      "--set", "fixed.model.file=" + tall + ".safetensors"});
  EXPECT_EQ(long_run.code, 0) << long_run.err;
  const Json board = line_.Do({"leaderboard", "tiny", "--format", "json"}).json();
  EXPECT_EQ(board.at(0).at("model"), odd) << "JSON is exact";
  EXPECT_THAT(line_.Do({"leaderboard", "tiny", "--format", "csv"}).out,
              HasSubstr(",\"'=-1+1,\"\"'#x: y; $HOME é{[\","));
  EXPECT_EQ(Bash("Z leaderboard -- ./-s=#.yaml").code, 0);
}

TEST_F(NamesTest, ASweepMayComeFromStandardInputOrAPipe) {
  line_.Write("sweep.yaml", CommandLine::NoiseSweep());
  const Finished kept = Bash("Z --format json plan sweep.yaml");
  ASSERT_EQ(kept.code, 0) << kept.err;
  for (const char* command :
       {"Z --format json plan - < sweep.yaml", "cat sweep.yaml | Z --format json plan -",
        "Z --format json plan /dev/stdin < sweep.yaml",
        "cat sweep.yaml | Z --format json plan /dev/stdin",
        "Z --format json plan <(cat sweep.yaml)"}) {
    const Finished read = Bash(command);
    EXPECT_EQ(read.code, 0) << command << ": " << read.err;
    EXPECT_EQ(read.out, kept.out) << command << ": paths are relative to the folder it is read in";
  }
  EXPECT_THAT(Bash("echo 'gird: 1' | Z plan -").err,
              HasSubstr("standard input:1: unknown key 'gird'"));
  EXPECT_THAT(Bash("Z plan - < /dev/null").err, HasSubstr("standard input: a sweep must be a map"));
  for (const char* command : {"Z submit - < sweep.yaml", "Z run --ranks 2 - < sweep.yaml"}) {
    const Finished refused = Bash(command);
    EXPECT_EQ(refused.code, 2) << command;
    EXPECT_THAT(refused.err, HasSubstr("must be kept in a file")) << command;
  }
  EXPECT_THAT(Bash("Z plan /dev/null").err, HasSubstr("is not a file"));
  EXPECT_THAT(Bash("Z plan data").err, HasSubstr("is not a file"));
}

TEST_F(NamesTest, ASweepIsNamedByItsFileWhateverItsEnding) {
  for (const char* file : {"UPPER.YAML", "plain", "odd.txt"})
    line_.Write(file, CommandLine::NoiseSweep().replace(6, 4, "my.yaml"));
  ASSERT_EQ(Bash("Z run plain").code, 0);
  for (const char* word : {"UPPER.YAML", "plain", "./odd.txt", "my.yaml"})
    EXPECT_EQ(Bash("Z leaderboard " + std::string(word)).code, 0) << word;
  const Finished absent = Bash("Z leaderboard no.yaml");
  EXPECT_EQ(absent.code, 2);
  EXPECT_THAT(absent.err, HasSubstr("no sweep 'no.yaml' in this home, and no such file here"));
  EXPECT_THAT(Bash("Z leaderboard a/no.yaml").err, HasSubstr("there is no sweep file a/no.yaml"));
}

TEST_F(NamesTest, TheHomeFolderIsMeantByATilde) {
  line_.Write("sweep.yaml", CommandLine::NoiseSweep());
  EXPECT_THAT(Bash("\"${P[1]}\" --home=~/there run sweep.yaml").err,
              HasSubstr("1 of 1 trials done"));
  EXPECT_TRUE(fs::exists(line_ / "there/results.db"));
  EXPECT_FALSE(fs::exists(line_ / "~"));
  EXPECT_EQ(Bash("Z plan sweep.yaml --data=~/data").code, 0);
}

// The two standards: an empty NO_COLOR is none, a dumb terminal takes text alone.
TEST_F(NamesTest, OneRuleForColourAndBars) {
  line_.Write("sweep.yaml", CommandLine::NoiseSweep());
  int homes = 0;
  const auto on_terminal = [&](const std::map<std::string, std::string>& environment,
                               bool color = true) {
    std::map<std::string, std::string> whole = environment;
    whole["HOME"] = line_ / ".";
    whole["PATH"] = "/usr/bin:/bin";
    std::vector<std::string> words = {BuildFolder() + "/bin/zerosweep", "--home",
                                      line_ / ("h" + std::to_string(++homes))};
    if (!color) words.push_back("--no-color");
    std::vector<std::string> run = words, board = words;
    run.insert(run.end(), {"run", line_ / "sweep.yaml"});
    board.push_back("leaderboard");
    const bool bars = OnATerminal(run, whole, 60).find('\x1b') != std::string::npos;
    const bool bold = OnATerminal(board, whole, 60).find('\x1b') != std::string::npos;
    EXPECT_EQ(bars, bold) << "they agree";
    return bold;
  };
  EXPECT_TRUE(on_terminal({{"TERM", "xterm"}}));
  EXPECT_TRUE(on_terminal({{"TERM", "xterm"}, {"NO_COLOR", ""}}));
  EXPECT_FALSE(on_terminal({{"TERM", "xterm"}, {"NO_COLOR", "1"}}));
  EXPECT_FALSE(on_terminal({{"TERM", "dumb"}}));
  EXPECT_FALSE(on_terminal({{"TERM", "xterm"}}, /*color=*/false));
}

}  // namespace
}  // namespace zerosweep
