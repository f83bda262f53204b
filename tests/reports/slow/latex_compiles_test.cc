// Reports as LaTeX, compiled by pdflatex with the packages that their first line names.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <regex>

#include "base/error.h"
#include "base/files.h"
#include "base/process/run_program.h"
#include "reports/page/write_report.h"
#include "tests/support/results_home.h"

namespace zerosweep {
namespace {
namespace fs = std::filesystem;

// Of every kind that TeX reads as something else.
const std::string kHostile =
    R"([*a_b 5 % & #1 $x$ ~ ^ \input{/etc/passwd} {open } <i> | "q" ` ' --- )"
    "±†–—…Ω µ → ≤ é ß Đ 中 😀 \n\n\x01";

class LatexCompilesTest : public testing::Test, protected ResultsHome {
 protected:
  void SetUp() override {
    const char* path = std::getenv("PATH");
    environment_ = {{"PATH", path == nullptr ? "/usr/bin:/bin" : path},
                    {"HOME", folder.path().string()},
                    {"TEXMFVAR", (folder / "texmf").string()}};
    try {
      if (RunProgram({"pdflatex", "--version"}, environment_, 60).code == 0) return;
    } catch (const Error&) {
    }
    GTEST_SKIP() << "no pdflatex: install texlive-latex-base and texlive-latex-recommended";
  }

  // Compiles a document around the file's content; returns the first error, "" when there is none.
  std::string ErrorOf(const fs::path& report) const {
    const std::string text = ReadFile(report);
    std::smatch packages;
    const std::regex comment(R"(^% (\\usepackage\{[a-z,]+\})\n)");
    EXPECT_TRUE(std::regex_search(text, packages, comment)) << text.substr(0, 200);
    std::ofstream(folder / "document.tex", std::ios::binary)
        << "\\documentclass{article}\n"
        << packages[1] << "\n\\begin{document}\n\\input{" << report.filename().string()
        << "}\n\\end{document}\n";
    const ProgramResult made =
        RunProgram({"pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape",
                    "-output-directory", folder.path().string(), "document.tex"},
                   With("TEXINPUTS", folder.path().string() + ":"), 300);
    EXPECT_FALSE(made.timed_out);
    const size_t error = made.out.find("\n!");
    if (error != std::string::npos) return made.out.substr(error + 1, 400);
    return made.code == 0 && fs::exists(folder / "document.pdf") ? "" : made.out + made.err;
  }

  std::map<std::string, std::string> With(const std::string& name, const std::string& value) const {
    auto environment = environment_;
    environment[name] = value;
    return environment;
  }

  std::map<std::string, std::string> environment_;
};

TEST_F(LatexCompilesTest, ALeaderboardOfHostileNames) {
  Done({.dataset = kHostile, .method = "zeroq"}, 88);
  Done({.dataset = kHostile, .method = kHostile, .protocol = kHostile}, 87);
  WriteReport(Reader(), "demo", {}, folder / "x.tex");
  EXPECT_EQ(ErrorOf(folder / "x.tex"), "");
}

TEST_F(LatexCompilesTest, ThePapersTables) {
  Done({}, 88);
  for (const char* paper : {"genie", "brecq", "qdrop", "zeroq"}) {
    WritePaperTables(Reader(), "", {}, paper, /*recalled=*/true, folder / "y.tex");
    EXPECT_EQ(ErrorOf(folder / "y.tex"), "") << paper;
  }
}

TEST_F(LatexCompilesTest, ACommandThatLatexDoesNotHaveIsAnError) {
  std::ofstream(folder / "z.tex") << "% \\usepackage{booktabs}\n\\nosuchcommand\n";
  EXPECT_NE(ErrorOf(folder / "z.tex").find("Undefined control sequence"), std::string::npos);
}

}  // namespace
}  // namespace zerosweep
