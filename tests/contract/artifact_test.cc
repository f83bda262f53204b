#include "contract/artifact.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {
namespace {

Manifest Seal(const std::filesystem::path& folder, const std::string& bytes,
              const std::string& attempt) {
  std::filesystem::create_directory(folder);
  WriteFileDurably(folder / "images.bin", bytes);
  Manifest manifest;
  manifest.stage = "s";
  manifest.attempt = attempt;
  manifest.metrics = {{"loss", 0.5}};
  SealArtifact(folder, manifest);
  return manifest;
}

TEST(ArtifactTest, SameBytesHaveTheSameDigestWhateverMadeThem) {
  const TempFolder temp;
  EXPECT_EQ(Seal(temp / "a", "pixels", "1").Digest(), Seal(temp / "b", "pixels", "2").Digest());
  EXPECT_NE(Seal(temp / "c", "pixelz", "1").Digest(), Seal(temp / "d", "pixels", "1").Digest());
}

TEST(ArtifactTest, ManifestComesBackAsWritten) {
  const TempFolder temp;
  const Manifest written = Seal(temp / "a", "pixels", "1");
  const Manifest read = ReadManifest(temp / "a");
  EXPECT_EQ(read.stage, "s");
  EXPECT_EQ(read.attempt, "1");
  EXPECT_EQ(read.files, written.files);
  EXPECT_EQ(read.metrics, written.metrics);
  EXPECT_TRUE(CorruptFiles(temp / "a", read).empty());
}

TEST(ArtifactTest, AFlippedByteAndAMissingFileAreNamed) {
  const TempFolder temp;
  const Manifest manifest = Seal(temp / "a", "pixels", "1");
  WriteFileDurably(temp / "a" / "images.bin", "pixelz");
  EXPECT_EQ(CorruptFiles(temp / "a", manifest), std::vector<std::string>{"images.bin"});
  std::filesystem::remove(temp / "a" / "images.bin");
  EXPECT_EQ(CorruptFiles(temp / "a", manifest), std::vector<std::string>{"images.bin"});
}

TEST(ArtifactTest, AManifestCannotNameFilesOutsideItsFolder) {
  const TempFolder temp;
  WriteFileDurably(
      temp / kManifestFile,
      R"({"stage":"s","attempt":"1","files":{"../x":"00"},"metrics":{},"signature":{},"seconds":0})");
  try {
    ReadManifest(temp.path());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kStorage);
    EXPECT_NE(std::string(error.what()).find("illegal file name '../x'"), std::string::npos);
  }
}

}  // namespace
}  // namespace zerosweep
