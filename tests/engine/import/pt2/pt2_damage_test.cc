// Damaged files of torch.export.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <fstream>

#include "base/files.h"
#include "tests/support/engine/import/pt2_mutations.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {
namespace {

// In kilobytes, as the kernel counts it.
int64_t MostMemoryOfPt2() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

TEST(Pt2DamageTest, DamagedFilesAreReadOrRefused) {
  const TempFolder folder;
  std::mt19937_64 random(20261130);
  auto files = GoldenPt2Files();
  ASSERT_GE(files.size(), 5u);
  // A tenth of a second each: for `make fuzz`.
  std::erase_if(files, [](const auto& file) { return file.stem() == "operators"; });
  std::vector<std::string> seeds;
  for (const auto& file : files) seeds.push_back(ReadFile(file));
  Pt2ReadsOrRefuses(files[0]);
  const int64_t before = MostMemoryOfPt2();
  int taken = 0;
  for (size_t i = 0; i < 500; ++i) {
    const auto file = folder / files[i % files.size()].filename();
    std::ofstream(file, std::ios::binary) << MutatedPt2(seeds[i % seeds.size()], random);
    SCOPED_TRACE("mutation " + std::to_string(i) + " of " + file.filename().string());
    ASSERT_NO_THROW(taken += Pt2ReadsOrRefuses(file) ? 1 : 0);
  }
  EXPECT_GT(taken, 0);    // changes of what is not read, and of numbers
  EXPECT_LT(taken, 450);  // the others were seen
  // A network may have tensors of 1 GiB.
  EXPECT_LT(MostMemoryOfPt2() - before, 3 << 20);
}

}  // namespace
}  // namespace zerosweep
