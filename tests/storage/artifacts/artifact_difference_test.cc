#include "storage/artifacts/artifact_difference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/files.h"
#include "contract/artifact.h"
#include "tests/support/engine/tensor_bytes.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {
namespace {
using testing::ElementsAre;
using testing::IsEmpty;

using Tensors = std::map<std::string, std::vector<float>>;

struct ArtifactDifferenceTest : testing::Test {
  std::filesystem::path Make(const std::map<std::string, std::string>& files) {
    const std::filesystem::path artifact = folder / std::to_string(++made);
    MakePrivateFolder(artifact);
    for (const auto& [name, bytes] : files) WriteFileDurably(artifact / name, bytes);
    Manifest manifest{.stage = "s", .attempt = "a", .files = {}, .metrics = {}};
    SealArtifact(artifact, manifest);
    return artifact;
  }
  ArtifactDifference Compare(const Tensors& one, const Tensors& other) {
    return CompareArtifacts(Make({{"w.safetensors", TensorBytes(one)}, {"same", "x"}}),
                            Make({{"w.safetensors", TensorBytes(other)}, {"same", "x"}}));
  }
  const TempFolder folder;
  int made = 0;
};

TEST_F(ArtifactDifferenceTest, TheLargestDifferenceIsNamed) {
  const ArtifactDifference found = Compare({{"a", {1, 2}}, {"b", {0, 5}}, {"c", {7}}},
                                           {{"a", {1.5F, 2}}, {"b", {0, 3}}, {"c", {7}}});
  EXPECT_THAT(found.files, ElementsAre("w.safetensors"));
  EXPECT_EQ(found.tensors, 3U);
  EXPECT_EQ(found.differing, 2U);
  EXPECT_EQ(found.largest, 2);
  EXPECT_EQ(found.largest_in, "w.safetensors: b");
  EXPECT_THAT(found.unlike, IsEmpty());
}

TEST_F(ArtifactDifferenceTest, TensorsOfAnotherFormAreNotCompared) {
  const ArtifactDifference found =
      Compare({{"a", {1}}, {"b", {1, 2}}, {"d", {1}}}, {{"b", {1, 2, 3}}, {"c", {1}}, {"d", {1}}});
  EXPECT_THAT(found.unlike,
              ElementsAre("w.safetensors: c", "w.safetensors: a", "w.safetensors: b"));
  EXPECT_EQ(found.tensors, 1U);
  EXPECT_EQ(found.differing, 0U);
}

TEST_F(ArtifactDifferenceTest, WhatIsNoNumberDiffersFromEveryNumber) {
  EXPECT_EQ(Compare({{"a", {NAN, 1}}}, {{"a", {2, 1}}}).largest, HUGE_VAL);
  // The same values in other bytes: zeros of two signs.
  const ArtifactDifference same = Compare({{"a", {NAN, 0.0F}}}, {{"a", {NAN, -0.0F}}});
  EXPECT_THAT(same.files, ElementsAre("w.safetensors"));
  EXPECT_EQ(same.differing, 0U);
}

TEST_F(ArtifactDifferenceTest, OtherFilesAreOnlyNamed) {
  const auto one = Make({{"a", "1"}, {"b", "1"}, {"c", "1"}});
  EXPECT_THAT(CompareArtifacts(one, Make({{"a", "1"}, {"b", "2"}, {"d", "1"}})).files,
              ElementsAre("b", "c", "d"));
  EXPECT_THAT(CompareArtifacts(one, one).files, IsEmpty());
}

}  // namespace
}  // namespace zerosweep
