// Completion in the real shells, and the manual page.
#include <gmock/gmock.h>

#include "tests/support/command_line.h"

namespace zerosweep {
namespace {
namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using Words = std::vector<std::string>;

// The lines "word<tab>meaning" for a line whose last word is at the cursor.
class CompletionTest : public testing::Test {
 protected:
  std::string Offered(const Words& words) const {
    Words command = {"complete", "--"};
    command.insert(command.end(), words.begin(), words.end());
    const Finished finished = line_.Do(command);
    EXPECT_EQ(finished.code, 0) << finished.err;
    EXPECT_EQ(finished.err, "");
    return finished.out;
  }

  std::string InShell(const std::string& shell, const std::string& script) {
    const std::string program = "/usr/bin/" + shell;
    line_.Write("script", script);
    line_.SetEnvironment("PATH", BuildFolder() + "/bin:/usr/bin:/bin");
    const Finished finished = line_.StartProgram({program, line_ / "script"})->Wait();
    EXPECT_EQ(finished.err, "");
    return finished.out;
  }

  CommandLine line_;
};

TEST_F(CompletionTest, CommandsAndOptionsWithTheirMeaning) {
  EXPECT_EQ(Offered({"leaderb"}), "leaderboard\tPrint ranked results\n");
  EXPECT_THAT(Offered({""}), AllOf(HasSubstr("run\t"), HasSubstr("watch\t")));
  EXPECT_THAT(Offered({""}), AllOf(Not(HasSubstr("batch")), Not(HasSubstr("complete\t"))));
  EXPECT_THAT(Offered({"run", "--"}),
              AllOf(HasSubstr("--slots\t"), HasSubstr("--home\t"), Not(HasSubstr("--run-id"))));
  EXPECT_EQ(Offered({"nosuch", ""}), "");
  EXPECT_EQ(Offered({"nosuch", "run", "--sl"}), "");
}

TEST_F(CompletionTest, ValuesOfOptions) {
  EXPECT_EQ(Offered({"leaderboard", "--format", ""}), "csv\t\njson\t\ntable\t\n");
  EXPECT_EQ(Offered({"leaderboard", "--format=j"}), "--format=json\t\n");
  EXPECT_EQ(Offered({"leaderboard", "--format", "=", "j"}), "json\t\n");  // as bash splits it
  EXPECT_EQ(Offered({"--home", ""}), ":folders\n");
  EXPECT_EQ(Offered({"--home", "="}), ":folders\n");  // as bash splits --home=
  EXPECT_EQ(Offered({"--home", "x", "leaderb"}), "leaderboard\tPrint ranked results\n");
  EXPECT_EQ(Offered({"quantize", "--method", "qdr"}).substr(0, 6), "qdrop\t");
  EXPECT_EQ(Offered({"quantize", "m", "--profile", "f"}), "fast\t\n");
  EXPECT_EQ(Offered({"quantize", "--seed", ""}), "");
}

TEST_F(CompletionTest, NamesOfTheCatalogueAndPaths) {
  EXPECT_EQ(Offered({"run", ""}), ":files\n");
  EXPECT_EQ(Offered({"quantize", "fashion_mnist-resnet20"}),
            "fashion_mnist-resnet20\ttrained on fashion_mnist\n:files\n");
  EXPECT_EQ(Offered({"recipes", "intra"}).substr(0, 7), "intraq\t");
  EXPECT_EQ(Offered({"recipes", "intraq", ""}), "");  // it takes one name
  EXPECT_EQ(Offered({"train", "--dataset", "cifar100"}).substr(0, 9), "cifar100\t");
  EXPECT_EQ(Offered({"report", "--paper", "geni"}), "genie\t\n");
}

TEST_F(CompletionTest, NamesOfTheHomeThatTheLineNames) {
  const fs::path sweep = line_.WriteSmokeSweep("w8a8", "0");
  ASSERT_EQ(line_.Do({"run", sweep}).code, 0);
  EXPECT_EQ(Offered({"leaderboard", "ti"}), "tiny\t2 trials\n:files\n");
  const std::string id = line_.Query("SELECT trial FROM v_trial LIMIT 1")[0].at("trial");
  EXPECT_THAT(Offered({"replay", id.substr(0, 6)}),
              AllOf(testing::StartsWith(id.substr(0, 12) + "\t"), HasSubstr(" w8a8 seed 0\n")));
  EXPECT_THAT(Offered({"logs", ""}), AllOf(HasSubstr("\tteacher\n"), HasSubstr("\tevaluate\n")));
  const std::string home = line_.home();
  line_.UseHome("another");
  EXPECT_EQ(Offered({"leaderboard", ""}), ":files\n");
  for (const Words& words :
       {Words{"--home", home}, Words{"--home=" + home}, Words{"--home", "=", home}}) {
    Words full = words;
    full.insert(full.end(), {"leaderboard", ""});
    EXPECT_EQ(Offered(full), "tiny\t2 trials\n:files\n");
  }
  EXPECT_FALSE(fs::exists(line_ / "another"));
}

TEST_F(CompletionTest, Bash) {
  const std::string out = InShell("bash",
                                  "source <(zerosweep completion bash)\n"
                                  "compopt() { :; }\n"
                                  "offer() { COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); "
                                  "_zerosweep; echo \"${COMPREPLY[@]}\"; }\n"
                                  "cd \"$HOME\"\n"
                                  "offer zerosweep leaderb\n"
                                  "offer zerosweep leaderboard --format = j\n"
                                  "offer zerosweep run ti\n"
                                  "offer zerosweep --home = da\n"
                                  "mkdir 'a folder'\n"
                                  "offer zerosweep --home 'a\\ f'\n"
                                  "complete -p zerosweep\n");
  EXPECT_EQ(
      out,
      "leaderboard\njson\ntiny.safetensors\ndata\na folder\ncomplete -F _zerosweep zerosweep\n");
}

TEST_F(CompletionTest, Zsh) {
  if (!fs::exists("/usr/bin/zsh")) GTEST_SKIP() << "zsh is not installed";
  const std::string out = InShell("zsh",
                                  "compdef() { print \"$@\" }\n"
                                  "_describe() { print -rl -- \"${(P@)${@[-1]}}\" }\n"
                                  "_files() { print \"files $*\" }\n"
                                  "source <(zerosweep completion zsh)\n"
                                  "offer() { words=(\"$@\"); CURRENT=$#; _zerosweep }\n"
                                  "offer zerosweep leaderb\n"
                                  "offer zerosweep leaderboard --format=j\n"
                                  "offer zerosweep run ti\n"
                                  "offer zerosweep --home ''\n");
  EXPECT_EQ(out,
            "_zerosweep zerosweep\nleaderboard:Print ranked results\n--format=json\nfiles \n"
            "files -/\n");
}

TEST_F(CompletionTest, Fish) {
  if (!fs::exists("/usr/bin/fish")) GTEST_SKIP() << "fish is not installed";
  const std::string out = InShell("fish",
                                  "zerosweep completion fish | source\n"
                                  "cd $HOME\n"
                                  "complete -C 'zerosweep leaderb'\n"
                                  "complete -C 'zerosweep leaderboard --format=j'\n"
                                  "complete -C 'zerosweep run ti'\n");
  EXPECT_EQ(out, "leaderboard\tPrint ranked results\n--format=json\ntiny.safetensors\n");
}

TEST_F(CompletionTest, AnUnknownShellIsRefused) {
  const Finished refused = line_.Do({"completion", "tcsh"});
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("tcsh"), HasSubstr("bash")));
}

// Every command and option that `--help` shows; troff reads the page without a warning.
TEST_F(CompletionTest, TheManualPageHasEverything) {
  const std::string page = line_.Do({"man"}).out;
  EXPECT_THAT(page, AllOf(HasSubstr(".TH ZEROSWEEP 1"), HasSubstr(".SH EXIT STATUS")));
  std::istringstream commands(Offered({""}));
  int count = 0;
  for (std::string text; std::getline(commands, text); ++count) {
    const std::string command = text.substr(0, text.find('\t'));
    const size_t begin = page.find("\n.SS \\fB" + command + "\\fR");
    ASSERT_NE(begin, page.npos) << command;
    const std::string section = page.substr(begin, page.find("\n.S", begin + 1) - begin);
    std::istringstream options(Offered({command, "--"}));
    for (std::string option; std::getline(options, option);) {
      std::string name = option.substr(0, option.find('\t')), escaped;
      for (const char c : name) escaped += c == '-' ? "\\-" : std::string(1, c);
      EXPECT_TRUE(name == "--help" || section.find("\\fB" + escaped + "\\fR") != section.npos ||
                  page.find("\\fB" + escaped + "\\fR") < page.find(".SH COMMANDS"))
          << command << " " << name;
    }
  }
  EXPECT_GE(count, 24);
  line_.Write("zerosweep.1", page);
  if (!fs::exists("/usr/bin/groff")) GTEST_SKIP() << "groff is not installed";
  const Finished checked = line_
                               .StartProgram({"/usr/bin/groff", "-man", "-Kutf8", "-Tutf8", "-ww",
                                              "-z", line_ / "zerosweep.1"})
                               ->Wait();
  EXPECT_EQ(checked.code, 0);
  EXPECT_EQ(checked.err, "");
}

}  // namespace
}  // namespace zerosweep
