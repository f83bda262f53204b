// A home in a temporary folder with a writer, filled by a test and read back.
#pragma once

#include "storage/results.h"
#include "tests/support/sweep_rows.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {

struct ResultsHome {
  const TempFolder folder;
  const Home home{folder / "home"};
  HomeLock lock{home, SystemClock()};
  ResultsWriter writer{home, lock};
  SweepRows rows;

  // Adds a cell; it takes part in the next Add().
  const TrialRow& Cell(const CellRow& cell) {
    AddCell(rows, cell);
    return rows.trials.back();
  }
  int Add(const std::string& sweep = "demo") {
    return writer.AddSweep(sweep, "name: " + sweep, Json::object(), rows.trials, rows.stages);
  }
  // Adds a cell to the sweep and finishes it.
  void Done(const CellRow& cell, double top1, const std::string& sweep = "demo") {
    Cell(cell);
    Add(sweep);
    FinishTrial(writer, rows.stages, rows.trials.back(), top1);
  }
  ResultsReader Reader() const { return ResultsReader(home); }
};

}  // namespace zerosweep
