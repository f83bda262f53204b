// Every method of the papers' sweeps on the CIFAR networks that they have it on, for one step on
// two random images, through the real programs. The larger networks: tests/cli/slow.
#include <gtest/gtest.h>

#include "tests/support/cell_runs.h"

namespace zerosweep {
namespace {

TEST(PaperCellsTest, CifarCellsRunOneStep) {
  StandInNetworks networks(CompiledCatalogue());
  int cells = 0;
  for (const PaperCell& cell : PaperCells::All(CompiledCatalogue())) {
    if (!cell.dataset.starts_with("cifar")) continue;
    SCOPED_TRACE(fmt::format("{} on {} of {}", cell.method, cell.network, cell.dataset));
    const CellRun run = RunCell(cell, networks);
    EXPECT_EQ(run.failure, "");
    EXPECT_LE(run.peak_bytes, kMaxCellBytes);
    // Teacher, what the method does, and evaluation.
    EXPECT_GE(run.seconds.size(), 3U);
    ++cells;
  }
  EXPECT_GE(cells, 10);
}

}  // namespace
}  // namespace zerosweep
