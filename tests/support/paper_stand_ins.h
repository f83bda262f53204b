// Stand-ins for the files that a plan of the papers' sweeps reads: the bytes of weights and test
// images, and the names of training images. CommandLine provides CIFAR-10.
#pragma once

#include <filesystem>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "base/files.h"
#include "tests/support/command_line.h"

namespace zerosweep {

inline std::filesystem::path PaperFolder() { return SourceFolder() / "sweeps/papers"; }

// The names of sweeps/papers/*.yaml, sorted.
inline std::set<std::string> PaperNames() {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(PaperFolder()))
    if (entry.path().extension() == ".yaml") names.insert(entry.path().stem().string());
  return names;
}

inline void WritePaperStandIns(const std::filesystem::path& folder) {
  for (int label = 0; label < 1000; ++label)
    for (const char* split : {"val", "train"})
      WriteBytes(folder / split / fmt::format("n{:08}/image.JPEG", label), std::to_string(label));
  WriteBytes(folder / "cifar-100-binary/test.bin", "images");
  const std::regex weights("file: ([^,}\\s]+)");
  for (const std::string& name : PaperNames()) {
    const std::string text = ReadFile(PaperFolder() / (name + ".yaml"));
    for (std::sregex_iterator found(text.begin(), text.end(), weights), end; found != end; ++found)
      WriteBytes(folder / found->str(1), found->str(1));
  }
}

}  // namespace zerosweep
