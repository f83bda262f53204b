// A home in a temporary folder, with a writer, which a test fills and reads back.
#pragma once

#include "contract/artifact.h"
#include "storage/results/results.h"
#include "tests/support/sweep_rows.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {

struct ResultsHome {
  const TempFolder folder;
  const Home home{folder / "home"};
  HomeLock lock{home, SystemClock()};
  ResultsWriter writer{home, lock};
  SweepRows rows;

  // Adds a cell, which the next Add() includes.
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
  // Finishes a stage with an artifact of one file, published under the name that FinishStage gives
  // it.
  void FinishWithFile(const std::string& stage, const std::string& file, const std::string& bytes) {
    const auto artifact = home.artifact(Sha256Hex("artifact of " + stage));
    MakePrivateFolder(artifact);
    WriteFileDurably(artifact / file, bytes);
    Manifest manifest{.stage = stage, .attempt = "a", .files = {}, .metrics = {}};
    SealArtifact(artifact, manifest);
    FinishStage(writer, stage);
  }
  ResultsReader Reader() const { return ResultsReader(home); }
};

}  // namespace zerosweep
