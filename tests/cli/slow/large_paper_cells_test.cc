// Every cell of the papers' sweeps on its own network, for one step on two random images, through
// the real programs. Writes the log of it, a table, to paper_cells.md in the build folder, from
// which docs/paper_cells.md is copied. Takes an hour or two.
#include <gmock/gmock.h>

#include <fstream>

#include "base/files.h"
#include "tests/support/cell_runs.h"

namespace zerosweep {
namespace {
namespace fs = std::filesystem;

constexpr const char* kHead =
    R"(# One step of every paper's cell

Every distinct (method, network, protocol) of [sweeps/papers](../sweeps/papers) ran once, with its
own parameters except for the budgets:

- random weights, and two random images of the network's size
- one step of synthesis, of correction and of training; methods that make their images take one step
  alone and one with the student
- the narrowest width for which the papers have the cell

Seconds are those of all stages except teacher and evaluation, on two threads.
Memory is the peak resident memory of the largest process, including the teacher's stage.
To make this page:

    ctest --test-dir build -R '^cli/large_paper_cells$' &&
    cp build/paper_cells.md docs/paper_cells.md

[The same test](../tests/cli/slow/large_paper_cells_test.cc) compares the page with the sweeps.

)";
constexpr const char* kColumns =
    "| papers | method | settings | network | data | protocol | bits | seconds | peak MB |\n"
    "|---|---|---|---|---|---|---|---|---|\n";

// The rows of each paper lie in a file of their own, so that one can be made again alone.
fs::path RowsFolder() { return fs::path(BuildFolder()) / "paper_cells"; }

std::string RowOf(const PaperCell& cell, const CellRun& run) {
  const std::string first = FirstColumns(cell);
  if (!run.failure.empty()) return first + " failed | |\n";
  return first + fmt::format(" {:.1f} | {:.0f} |\n", run.MethodSeconds(), run.peak_bytes / 1e6);
}

class LargePaperCellsTest : public testing::TestWithParam<std::string> {
 protected:
  static void TearDownTestSuite() {
    std::string table = kHead;
    table += kColumns;
    for (const std::string& paper : PaperNames()) {
      const fs::path rows = RowsFolder() / (paper + ".md");
      if (fs::exists(rows)) table += ReadFile(rows);
    }
    WriteFileDurably(fs::path(BuildFolder()) / "paper_cells.md", table);
  }
};

// A cell that several papers have is run with the first.
TEST_P(LargePaperCellsTest, RunOneStep) {
  fs::create_directories(RowsFolder());
  std::ofstream rows(RowsFolder() / (GetParam() + ".md"));
  StandInNetworks networks(CompiledCatalogue());
  for (const PaperCell& cell : PaperCells::All(CompiledCatalogue())) {
    if (cell.papers.front() != GetParam()) continue;
    SCOPED_TRACE(FirstColumns(cell));
    const CellRun run = RunCell(cell, networks);
    EXPECT_EQ(run.failure, "");
    EXPECT_LE(run.peak_bytes, kMaxCellBytes);
    rows << RowOf(cell, run) << std::flush;
  }
}

INSTANTIATE_TEST_SUITE_P(Papers, LargePaperCellsTest, testing::ValuesIn(PaperNames()),
                         [](const auto& info) { return info.param; });

// docs/paper_cells.md is what the test above wrote: no cell may be missing there.
TEST(LargePaperCellsTest, TheLogHoldsEveryCell) {
  const std::string log = ReadFile(SourceFolder() / "docs/paper_cells.md");
  for (const PaperCell& cell : PaperCells::All(CompiledCatalogue()))
    EXPECT_THAT(log, testing::HasSubstr(FirstColumns(cell)));
  EXPECT_THAT(log, testing::Not(testing::HasSubstr("failed")));
}

}  // namespace
}  // namespace zerosweep
