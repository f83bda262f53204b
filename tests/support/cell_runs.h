// Runs cells of the papers through the real programs, each in its own home, on networks with random
// weights.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "tests/support/paper_cells.h"

namespace zerosweep {

inline constexpr double kMaxCellBytes = 4e9;

struct CellRun {
  std::string failure;                    // empty: none
  std::map<std::string, double> seconds;  // by kind of stage, of its one attempt
  double peak_bytes = 0;                  // of the largest process

  // The total over all stages of the method.
  double MethodSeconds() const {
    double sum = 0;
    for (const auto& [kind, each] : seconds)
      if (kind != "teacher" && kind != "evaluate") sum += each;
    return sum;
  }
};

// Folders with a network and data of its size and classes, made on first use.
class StandInNetworks {
 public:
  explicit StandInNetworks(const Catalogue& catalogue) : catalogue_(catalogue) {}

  std::filesystem::path FolderOf(const std::string& arch, const std::string& dataset) {
    const std::filesystem::path folder = folder_ / (arch + "_" + dataset);
    if (std::filesystem::exists(folder)) return folder;
    std::filesystem::create_directories(folder);
    const DatasetFacts& facts = catalogue_.Get(Role::kDataset, dataset, "a cell").dataset();
    const ModelFacts& of_arch = catalogue_.Get(Role::kModel, arch, "a cell").model();
    const bool in_files = facts.in_class_folders();
    const int64_t classes = facts.classes;
    const auto shape = in_files ? of_arch.input_shape : facts.shape;
    const Finished made =
        line_
            .StartProgram({BuildFolder() + "/bin/random_teacher", arch, std::to_string(classes),
                           std::to_string(shape[0]), std::to_string(shape[1]), folder})
            ->Wait();
    EXPECT_EQ(made.code, 0) << made.err;
    in_files ? LinkImages(folder, classes)
             : WriteTestFile(folder / facts.files.at("test").front(), classes);
    return folder;
  }

 private:
  // One image per class, the first and the second in turn.
  static void LinkImages(const std::filesystem::path& folder, int64_t classes) {
    for (int64_t label = 0; label < classes; ++label) {
      for (const char* split : {"val", "train"}) {
        const std::filesystem::path of_class = folder / split / fmt::format("n{:08}", label);
        std::filesystem::create_directories(of_class);
        std::filesystem::create_hard_link(folder / fmt::format("{}.png", label % 2),
                                          of_class / "image.png");
      }
    }
  }

  // In CIFAR-100 a coarse label precedes the fine one.
  static void WriteTestFile(const std::filesystem::path& file, int64_t classes) {
    Fill fill(1);
    std::string bytes;
    for (int image = 0; image < 2; ++image) {
      bytes.append(classes == 100 ? 2 : 1, static_cast<char>(image));
      for (int i = 0; i < 3072; ++i) bytes.push_back(static_cast<char>(fill.Next() >> 56));
    }
    WriteBytes(file, bytes);
  }

  const Catalogue& catalogue_;
  CommandLine line_;
  TempFolder folder_;
};

inline CellRun RunCell(const PaperCell& cell, StandInNetworks& networks) {
  constexpr double kPatience = 3600;
  const CommandLine line;
  line.Write("cell.yaml", PaperCells::SweepOf(cell));
  const std::filesystem::path data = networks.FolderOf(cell.network, cell.dataset);
  const Finished finished =
      line.Start({"run", line / "cell.yaml", "--data", data, "-n", "1", "--threads", "2"})
          ->Wait(kPatience);
  CellRun run;
  run.peak_bytes = finished.peak_bytes;
  if (finished.code != 0) {
    run.failure = finished.err;
    return run;
  }
  for (const Json& row : line.Query("SELECT kind, seconds FROM v_attempt"))
    run.seconds[row.at("kind")] = row.at("seconds");
  return run;
}

}  // namespace zerosweep
