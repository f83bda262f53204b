// Datasets: where they are looked for, their fingerprint, and the memory of digests.
#include "sweeps/values/data_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "base/files.h"
#include "tests/support/sweep_folder.h"

namespace zerosweep {
namespace {

class DataFilesTest : public testing::Test {
 protected:
  DatasetFiles Find(const std::string& dataset, const DataRoots& roots) {
    DigestCache digests(Home{folder_ / "home"});
    DatasetFiles found = FindDataset(*folder_.catalogue().Find(Role::kDataset, dataset), roots,
                                     "sweep.yaml:4", digests);
    digests.Save();
    return found;
  }

  std::string CacheText() const { return ReadFile(folder_ / "home/cache/digests.json"); }

  SweepFolder folder_;
};

TEST_F(DataFilesTest, ASplitIsNamedByItsOwnFilesAlone) {
  const Declaration& declaration = *folder_.catalogue().Find(Role::kDataset, "cifar10");
  DigestCache digests(Home{folder_ / "home"});
  const DatasetFiles found = Find("cifar10", {folder_ / "data"});
  EXPECT_THAT(found.splits, testing::ElementsAre("calibration", "test"));
  EXPECT_EQ(found.test_fingerprint, JsonDigest({{"test_batch.bin", Sha256Hex("cifar test")}}));
  EXPECT_EQ(SplitFingerprint(declaration, found, "calibration", digests),
            JsonDigest({{"calibration_batch.bin", Sha256Hex("cifar calibration")}}));
  // Training images that appear later rename nothing.
  folder_.Write("data/data_batch_1.bin", "one of two");
  folder_.Write("data/data_batch_2.bin", "two of two");
  const DatasetFiles later = Find("cifar10", {folder_ / "data"});
  EXPECT_EQ(later.test_fingerprint, found.test_fingerprint);
  EXPECT_EQ(SplitFingerprint(declaration, later, "calibration", digests),
            SplitFingerprint(declaration, found, "calibration", digests));
}

TEST_F(DataFilesTest, TheFallbackStandsInForAnAbsentSplit) {
  const Declaration& declaration = *folder_.catalogue().Find(Role::kDataset, "cifar10");
  DigestCache digests(Home{folder_ / "home"});
  std::filesystem::remove(folder_ / "data/calibration_batch.bin");
  folder_.Write("data/data_batch_1.bin", "one of two");
  folder_.Write("data/data_batch_2.bin", "two of two");
  EXPECT_EQ(
      SplitFingerprint(declaration, Find("cifar10", {folder_ / "data"}), "calibration", digests),
      JsonDigest({{"data_batch_1.bin", Sha256Hex("one of two")},
                  {"data_batch_2.bin", Sha256Hex("two of two")}}));
}

TEST_F(DataFilesTest, IsTheSameWhereverTheFilesLie) {
  folder_.Write("elsewhere/cifar-10-batches-bin/test_batch.bin", "cifar test");
  folder_.Write("elsewhere/cifar-10-batches-bin/calibration_batch.bin", "cifar calibration");
  const DatasetFiles found = Find("cifar10", {folder_ / "nothing", folder_ / "elsewhere"});
  EXPECT_EQ(found.folder, folder_ / "elsewhere/cifar-10-batches-bin");
  EXPECT_EQ(found.test_fingerprint, Find("cifar10", {folder_ / "data"}).test_fingerprint);
}

TEST_F(DataFilesTest, SaysWhatIsMissingAndWhatToDo) {
  const std::string sweep =
      "name: t\nfixed:\n  method: noise\n  model: small\n  bits: w8a8\ndata: data\n";
  EXPECT_EQ(folder_.ErrorOf(sweep),
            "sweep.yaml:4: dataset fashion_mnist: no folder holds its test files t10k-images.gz, "
            "t10k-labels.gz (looked in: data, /nonexistent/fashion-mnist); install Debian's "
            "dataset-fashion-mnist, or give its folder with data: or $ZEROSWEEP_DATA");
}

TEST_F(DataFilesTest, PrefersTheEnvironmentsFolderOverTheSweeps) {
  folder_.Write("own/t10k-images.gz", "a");
  folder_.Write("own/t10k-labels.gz", "b");
  folder_.Write("sweep.yaml",
                "name: t\ndata: fashion\nfixed: {method: noise, model: small, bits: w8a8}\n");
  ExpandOptions options = folder_.Options();
  const auto folder_of = [&] {
    return ExpandSweep(options, folder_.catalogue()).stages.at(0).design->files.at("data");
  };
  EXPECT_EQ(folder_of(), folder_ / "fashion");
  options.data = folder_ / "own";
  EXPECT_EQ(folder_of(), folder_ / "own");
  options.data = folder_ / "nothing";
  EXPECT_THROW(folder_of(), Error);  // and not the sweep's
}

// A planted digest shows that a file is not read again. Files whose times of change are young are
// not remembered, and nobody can set those: the test waits.
TEST_F(DataFilesTest, RemembersDigestsUntilTheFileChanges) {
  std::this_thread::sleep_for(std::chrono::milliseconds(2100));
  const std::string before = Find("cifar10", {folder_ / "data"}).test_fingerprint;
  std::string cache = CacheText();
  const std::string digest = Sha256Hex("cifar test");
  cache.replace(cache.find(digest), digest.size(), std::string(64, '0'));
  WriteFileAtomically(folder_ / "home/cache/digests.json", cache);
  EXPECT_EQ(Find("cifar10", {folder_ / "data"}).test_fingerprint,
            JsonDigest({{"test_batch.bin", std::string(64, '0')}}));
  // Other bytes of the same number, with the old file's time: cp -p, tar x, rsync -t.
  const auto written = std::filesystem::last_write_time(folder_ / "data/test_batch.bin");
  folder_.Write("data/test_batch.bin", "CIFAR TEST");
  std::filesystem::last_write_time(folder_ / "data/test_batch.bin", written);
  EXPECT_EQ(Find("cifar10", {folder_ / "data"}).test_fingerprint,
            JsonDigest({{"test_batch.bin", Sha256Hex("CIFAR TEST")}}));
  folder_.Write("data/test_batch.bin", "cifar test");
  EXPECT_EQ(Find("cifar10", {folder_ / "data"}).test_fingerprint, before);
}

TEST_F(DataFilesTest, DoesNotRememberFilesThatMayStillChange) {
  Find("cifar10", {folder_ / "data"});  // whose time of writing is an hour ago, but not of change
  EXPECT_FALSE(std::filesystem::exists(folder_ / "home/cache/digests.json"));
}

TEST_F(DataFilesTest, WorksWithoutAHomeAndWithADamagedCache) {
  const std::string before = Find("cifar10", {folder_ / "data"}).test_fingerprint;
  std::filesystem::create_directory(folder_ / "home/cache");
  WriteFileAtomically(folder_ / "home/cache/digests.json", "{\"1\": 2");
  EXPECT_EQ(Find("cifar10", {folder_ / "data"}).test_fingerprint, before);
  std::filesystem::remove_all(folder_ / "home");
  EXPECT_EQ(Find("cifar10", {folder_ / "data"}).test_fingerprint, before);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "home"));
}

}  // namespace
}  // namespace zerosweep
