#include "storage/artifacts/artifact_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {
namespace {
namespace fs = std::filesystem;

struct ArtifactStoreTest : testing::Test {
  // Stages an artifact of one file and returns its digest.
  std::string Stage(const std::string& attempt, const std::string& bytes,
                    const std::string& stage = "stage") {
    MakePrivateFolder(home.staging(attempt));
    WriteFileDurably(home.staging(attempt) / "data.bin", bytes);
    Manifest manifest{.stage = stage, .attempt = attempt, .files = {}, .metrics = {{"x", 1}}};
    return SealArtifact(home.staging(attempt), manifest);
  }

  const TempFolder folder;
  const Home home{folder / "home"};
  ArtifactStore store{home};
};

TEST_F(ArtifactStoreTest, PublishesByRename) {
  const std::string digest = Stage("attempt-1", "hello");
  const Published published = store.Publish("attempt-1", "stage", digest);
  EXPECT_EQ(published.bytes, 5);
  EXPECT_EQ(published.manifest.metrics.at("x"), 1);
  EXPECT_FALSE(fs::exists(home.staging("attempt-1")));
  ASSERT_TRUE(store.Find(digest));
  EXPECT_EQ(ReadFile(*store.Find(digest) / "data.bin"), "hello");
  EXPECT_FALSE(store.Find(std::string(64, 'f')));
}

TEST_F(ArtifactStoreTest, FirstWins) {
  const std::string first = Stage("attempt-1", "same");
  const std::string second = Stage("attempt-2", "same", "other");
  ASSERT_EQ(first, second);
  store.Publish("attempt-1", "stage", first);
  const Published loser = store.Publish("attempt-2", "other", second);
  EXPECT_EQ(loser.manifest.attempt, "attempt-2");  // what it wrote itself
  EXPECT_EQ(loser.manifest.stage, "other");
  EXPECT_EQ(ReadManifest(home.artifact(first)).stage, "stage");
  EXPECT_FALSE(fs::exists(home.staging("attempt-2")));
  EXPECT_EQ(store.List().size(), 1u);
}

TEST_F(ArtifactStoreTest, RefusesWhatWasNotReported) {
  const std::string digest = Stage("attempt-1", "hello");
  try {
    store.Publish("attempt-1", "stage", std::string(64, '0'));
    FAIL() << "published under another digest";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kStorage);
    EXPECT_EQ(error.failure(), Failure::kPublish);
    EXPECT_THAT(error.what(), testing::HasSubstr("attempt-1"));
  }
  EXPECT_THROW(store.Publish("attempt-1", "another stage", digest), Error);
  WriteFileDurably(home.staging("attempt-1") / "data.bin", "changed");
  EXPECT_THROW(store.Publish("attempt-1", "stage", digest), Error);
  EXPECT_FALSE(store.Find(digest));
  EXPECT_THROW(store.Publish("attempt-9", "stage", digest), Error);
}

TEST_F(ArtifactStoreTest, AnErrorOfTheDiskIsNotBlamedOnTheStage) {
  const std::string digest = Stage("attempt-1", "hello");
  WriteFileDurably(home.artifacts() / digest.substr(0, 2), "a file where the folder should be");
  try {
    store.Publish("attempt-1", "stage", digest);
    FAIL() << "published below a file";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kStorage);
    EXPECT_NE(error.failure(), Failure::kPublish);
  }
}

TEST_F(ArtifactStoreTest, ListsWholeArtifactsForAdoption) {
  const std::string a = Stage("attempt-1", "a", "stage-a");
  const std::string b = Stage("attempt-2", "b");
  store.Publish("attempt-1", "stage-a", a);
  store.Publish("attempt-2", "stage", b);
  fs::remove(home.artifact(b) / kManifestFile);
  fs::create_directories(home.artifacts() / "zz" / "not-an-artifact");
  const std::vector<Published> all = store.List();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].digest, a);
  EXPECT_EQ(all[0].manifest.stage, "stage-a");
}

TEST_F(ArtifactStoreTest, RemovesOnlyStaleStaging) {
  for (const char* attempt : {"old", "live", "young", "touched"}) Stage(attempt, attempt);
  const auto two_hours_ago = fs::file_time_type::clock::now() - std::chrono::hours(2);
  for (const char* attempt : {"old", "live"}) {
    for (const auto& file : fs::directory_iterator(home.staging(attempt))) {
      fs::last_write_time(file.path(), two_hours_ago);
    }
    fs::last_write_time(home.staging(attempt), two_hours_ago);
  }
  fs::last_write_time(home.staging("touched"), two_hours_ago);  // its files are being written
  EXPECT_EQ(store.RemoveStaleStaging({"live"}, 3600), 1);
  EXPECT_FALSE(fs::exists(home.staging("old")));
  EXPECT_TRUE(fs::exists(home.staging("live")));
  EXPECT_TRUE(fs::exists(home.staging("young")));
  EXPECT_TRUE(fs::exists(home.staging("touched")));
}

}  // namespace
}  // namespace zerosweep
