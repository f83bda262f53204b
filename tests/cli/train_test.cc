// train: a teacher of one epoch over forty images.
#include <gmock/gmock.h>

#include "base/hash.h"
#include "tests/support/command_line.h"

namespace zerosweep {
namespace {
namespace fs = std::filesystem;
using testing::HasSubstr;

class TrainTest : public testing::Test {
 protected:
  TrainTest() {
    for (int i = 1; i <= 5; ++i) {
      const std::string file = "data_batch_" + std::to_string(i) + ".bin";
      WriteCifarBatch(line_ / "train" / file, 8, static_cast<uint64_t>(i));
    }
    WriteCifarBatch(line_ / "train" / "test_batch.bin", 20, 9);
  }
  std::vector<std::string> Words(const std::string& output, int epochs) const {
    return {"train",
            "--arch",
            "resnet20_cifar_a",
            "--dataset",
            "cifar10",
            "--data",
            line_ / "train",
            "--epochs",
            std::to_string(epochs),
            "--seed",
            "3",
            "--threads",
            "1",
            "--set",
            "batch=16",
            "-o",
            line_ / output};
  }
  // Names in the folder of the outputs.
  std::vector<std::string> Written() const {
    std::vector<std::string> names;
    std::error_code code;
    for (const auto& entry : fs::directory_iterator(line_ / "out", code))
      names.push_back(entry.path().filename());
    return names;
  }
  const CommandLine line_;
};

TEST_F(TrainTest, WritesWeightsWithTheirCardAndRepeatsItself) {
  fs::create_directory(line_ / "out");
  const Finished train = line_.Do(Words("out/small.safetensors", 1));
  ASSERT_EQ(train.code, 0) << train.err;
  EXPECT_THAT(train.err, HasSubstr("top-1"));
  EXPECT_THAT(Written(), testing::UnorderedElementsAre("small.safetensors", "small.json"));
  const Json card = Json::parse(Contents(line_ / "out/small.json"));
  EXPECT_EQ(card.at("name"), "small");
  EXPECT_EQ(card.at("arch"), "resnet20_cifar_a");
  EXPECT_EQ(card.at("dataset"), "cifar10");
  EXPECT_EQ(card.at("test_images"), 20);
  EXPECT_EQ(card.at("seed"), 3);
  EXPECT_EQ(card.at("recipe").at("epochs"), 1);
  EXPECT_EQ(card.at("recipe").at("batch"), 16);
  EXPECT_EQ(card.at("weights_sha256"), Sha256File(line_ / "out/small.safetensors"));
  EXPECT_FALSE(fs::exists(line_.home())) << "training needs no home";

  ASSERT_EQ(line_.Do(Words("out/again.safetensors", 1)).code, 0);
  EXPECT_EQ(Sha256File(line_ / "out/again.safetensors"), card.at("weights_sha256"));
}

TEST_F(TrainTest, InterruptedItWritesNothing) {
  fs::create_directory(line_ / "out");
  const auto train = line_.Start(Words("out/small.safetensors", 100000));
  ASSERT_TRUE(WaitUntil([&] { return !Written().empty(); }, 30)) << train->Said();
  train->Signal(SIGINT);
  const Finished finished = train->Wait(20);
  EXPECT_EQ(finished.code, 75) << finished.err;
  EXPECT_THAT(Written(), testing::IsEmpty());
}

TEST_F(TrainTest, WrongWordsAreRefusedBeforeAnything) {
  EXPECT_EQ(line_.Do(Words("out/small.bin", 1)).code, 2);
  std::vector<std::string> words = Words("out/small.safetensors", 1);
  words[2] = "resnet20_cifar_b2";
  const Finished arch = line_.Do(words);
  EXPECT_EQ(arch.code, 2);
  EXPECT_THAT(arch.err, HasSubstr("resnet20_cifar_b2"));
  EXPECT_FALSE(fs::exists(line_ / "out/small.safetensors"));
}

}  // namespace
}  // namespace zerosweep
