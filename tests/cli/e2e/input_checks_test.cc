// What `plan` and `submit` see of weights and images before anything runs.
#include <gmock/gmock.h>

#include <functional>

#include "base/files.h"
#include "tests/support/command_line.h"

namespace zerosweep {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// The same data under another header.
std::string Edited(const std::string& bytes, const std::function<void(Json&)>& edit) {
  uint64_t size = 0;
  std::memcpy(&size, bytes.data(), sizeof size);
  Json header = Json::parse(bytes.substr(sizeof size, size));
  edit(header);
  const std::string text = header.dump();
  size = text.size();
  std::string edited(reinterpret_cast<const char*>(&size), sizeof size);
  std::memcpy(&size, bytes.data(), sizeof size);
  return edited + text + bytes.substr(sizeof size + size);
}

// Twice the network, under two names; the second with another bias of the last layer.
std::string TwoNetworks() {
  const std::string one = TinyWeights().Bytes();
  uint64_t size = 0;
  std::memcpy(&size, one.data(), sizeof size);
  const Json header = Json::parse(one.substr(sizeof size, size));
  const std::string data = one.substr(sizeof size + size);
  std::string other = data;
  Json both;
  for (const auto& [key, entry] : header.items()) {
    both["model." + key] = entry;
    Json moved = entry;
    for (Json& offset : moved["data_offsets"]) offset = offset.get<size_t>() + data.size();
    both["ema." + key] = moved;
    if (key == "linear.bias") std::memset(&other[entry["data_offsets"][0].get<size_t>()], 0, 4);
  }
  const std::string text = both.dump();
  size = text.size();
  return std::string(reinterpret_cast<const char*>(&size), sizeof size) + text + data + other;
}

class InputChecksTest : public testing::Test {
 protected:
  void SetUp() override { there_.Write("sweep.yaml", Sweep()); }

  static std::string Sweep(const std::string& more = "") {
    std::string model = CommandLine::kModel;
    model.insert(1, more);
    return CommandLine::Sweep("grid:\n  method: [noise]\n  bits: [w8a8]\n", model);
  }
  Finished Plan(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words = {"plan", there_ / "sweep.yaml"};
    words.insert(words.end(), more.begin(), more.end());
    return there_.Do(words);
  }
  void ExpectRefused(const std::string& what) const {
    const Finished refused = Plan();
    EXPECT_EQ(refused.code, 2) << refused.err;
    EXPECT_THAT(refused.err, AllOf(HasSubstr("sweep.yaml:4"), HasSubstr(what)));
    EXPECT_EQ(std::count(refused.err.begin(), refused.err.end(), '\n'), 1) << refused.err;
    EXPECT_FALSE(std::filesystem::exists(there_.home()));
  }

  CommandLine there_;
};

TEST_F(InputChecksTest, WeightsThatCannotRunAreRefusedInOneLine) {
  const std::string good = TinyWeights().Bytes();
  const auto with = [&](const std::string& bytes) { there_.Write("tiny.safetensors", bytes); };
  with(good.substr(0, good.size() / 2));
  ExpectRefused("truncated");
  with("not weights at all");
  ExpectRefused("holds no weights that can be read");
  with(Edited(good, [](Json& header) {
    header["conv9.weight"] = header["conv1.weight"];
    header.erase("conv1.weight");
  }));
  ExpectRefused("are of no layout known");
  std::string broken = good;
  broken.replace(broken.size() - 4, 4, "\xff\xff\xff\x7f");  // NaN
  with(broken);
  ExpectRefused("holds numbers that are not finite");
  with(TinyWeights(100).Bytes());
  ExpectRefused("another number of classes");
  EXPECT_EQ(Plan({"--no-check"}).code, 0);
}

TEST_F(InputChecksTest, WhatPassedIsRememberedByContent) {
  std::filesystem::create_directory(there_.home());
  ASSERT_EQ(Plan().code, 0);
  EXPECT_TRUE(std::filesystem::exists(there_.home() / "cache" / "checks.json"));
  // Nobody is asked again, also when the file lies elsewhere.
  there_.SetEnvironment("ZEROSWEEP_STAGE", there_ / "gone");
  EXPECT_THAT(Plan().err, Not(HasSubstr("not checked")));
  std::filesystem::copy_file(there_ / "tiny.safetensors", there_ / "copy.safetensors");
  EXPECT_THAT(Plan({"--set", "fixed.model.file=copy.safetensors"}).err,
              Not(HasSubstr("not checked")));
  there_.Write("home/cache/checks.json", "damaged");
  EXPECT_THAT(Plan().err, HasSubstr("not checked"));
}

TEST_F(InputChecksTest, WhereTheStageProgramCannotRunALineSaysIt) {
  for (const char* program : {"/nowhere/zerosweep-stage", "/bin/false"}) {
    there_.SetEnvironment("ZEROSWEEP_STAGE", program);
    const Finished planned = Plan();
    EXPECT_EQ(planned.code, 0);
    EXPECT_THAT(planned.err, HasSubstr("weights and images are not checked"));
    EXPECT_EQ(std::count(planned.err.begin(), planned.err.end(), '\n'), 1) << planned.err;
    EXPECT_EQ(Plan({"--no-check"}).err, "");
  }
}

TEST_F(InputChecksTest, OneOfSeveralStateDictsIsChosenAndNamed) {
  there_.Write("tiny.safetensors", TwoNetworks());
  ExpectRefused("choose with `key:`, one of ema, model");
  std::map<std::string, std::string> names;
  for (const std::string key : {"ema", "model"}) {
    there_.Write("sweep.yaml", Sweep("key: " + key + ", "));
    const Finished planned = Plan();
    EXPECT_EQ(planned.code, 0) << planned.err;
    EXPECT_THAT(planned.err, HasSubstr("takes the weights under '" + key + "', not"));
    const Finished run = there_.Do({"run", there_ / "sweep.yaml"});
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_THAT(run.err, HasSubstr("takes the weights under '" + key + "', not"));
  }
  EXPECT_EQ(there_.Query("SELECT DISTINCT stage FROM v_stage WHERE kind = 'teacher'").size(), 2U);
  EXPECT_EQ(there_
                .Query("SELECT DISTINCT model FROM v_trial WHERE model IN ('tiny:ema', "
                       "'tiny:model')")
                .size(),
            2U);
  there_.Write("sweep.yaml", Sweep("key: teacher, "));
  const Finished refused = Plan();
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("under 'teacher'"));
}

TEST_F(InputChecksTest, NamesThatAreNoTextHideNothing) {
  // A key with a lone surrogate, which pickle can hold and JSON cannot.
  std::filesystem::copy_file(SourceFolder() / "tests/golden/checkpoints/surrogate.pth",
                             there_ / "tiny.safetensors",
                             std::filesystem::copy_options::overwrite_existing);
  ExpectRefused("are of no layout known");
  there_.Write("nan.safetensors", TinyWeights().Bytes());
  there_.Write("nan.json", "{\"lr\": 0.1, \"loss\": NaN}");
  EXPECT_THAT(Plan({"--set", "fixed.model.file=nan.safetensors"}).err,
              HasSubstr("none of the keys"));
}

TEST_F(InputChecksTest, TheIndexIsPartOfTheName) {
  there_.Write("a.safetensors", TinyWeights(10, 1).Bytes());
  there_.Write("b.safetensors", TinyWeights(10, 2).Bytes());
  const std::string good = TinyWeights().Bytes();
  uint64_t size = 0;
  std::memcpy(&size, good.data(), sizeof size);
  const Json header = Json::parse(good.substr(sizeof size, size));
  const auto write = [&](const std::string& name, const std::string& most, const std::string& one) {
    Json index;
    for (const auto& [key, entry] : header.items()) {
      index["weight_map"][key] = (key == "linear.bias" ? one : most) + ".safetensors";
    }
    there_.Write(name + ".safetensors.index.json", index.dump());
  };
  write("ab", "a", "b");
  write("ba", "b", "a");
  for (const char* name : {"ab", "ba"}) {
    const Finished run =
        there_.Do({"run", there_ / "sweep.yaml", "--set", "name=" + std::string(name), "--set",
                   fmt::format("fixed.model.file={}.safetensors.index.json", name)});
    EXPECT_EQ(run.code, 0) << run.err;
  }
  EXPECT_EQ(there_.Query("SELECT DISTINCT stage FROM v_stage WHERE kind = 'teacher'").size(), 2U);
}

TEST_F(InputChecksTest, ShardsAreOneNetwork) {
  const std::string good = TinyWeights().Bytes();
  there_.Write("tiny.safetensors", good);
  Json index;
  uint64_t size = 0;
  std::memcpy(&size, good.data(), sizeof size);
  const Json header = Json::parse(good.substr(sizeof size, size));
  for (const auto& [key, entry] : header.items()) index["weight_map"][key] = "tiny.safetensors";
  there_.Write("net.safetensors.index.json", index.dump());
  const Finished planned = Plan({"--set", "fixed.model.file=net.safetensors.index.json"});
  EXPECT_EQ(planned.code, 0) << planned.err;
  const Finished run = there_.Do(
      {"run", there_ / "sweep.yaml", "--set", "fixed.model.file=net.safetensors.index.json"});
  EXPECT_EQ(run.code, 0) << run.err;
  std::filesystem::remove(there_ / "tiny.safetensors");
  const Finished refused = Plan({"--set", "fixed.model.file=net.safetensors.index.json"});
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("tiny.safetensors, which is not there"));
}

TEST_F(InputChecksTest, ALogBesideTheWeightsIsNoCard) {
  for (const char* log : {"{\"lr\": 0.1, \"epochs\": 200, \"best_acc\": 94.1}", "[1, 2]",
                          "{\"step\": 1}\n{\"step\": 2}\n"}) {
    there_.Write("tiny.json", log);
    const Finished planned = Plan();
    EXPECT_EQ(planned.code, 0) << planned.err;
    EXPECT_THAT(planned.err, HasSubstr("tiny.json has none of the keys of a model card"));
  }
  there_.Write("tiny.json", "{\"arch\": \"resnet20_cifar_a\", \"best_acc\": 94.1}");
  EXPECT_EQ(Plan().code, 2);
  there_.Write("tiny.json", "{\"arch\": \"resnet20_cifar_a\",");
  EXPECT_EQ(Plan().code, 2);
}

TEST_F(InputChecksTest, ImagesAreSquares) {
  there_.Write(
      "tiny.json",
      "{\"name\": \"tiny\", \"arch\": \"resnet20_cifar_a\", \"dataset\": \"cifar10\", "
      "\"mean\": [0.5, 0.5, 0.5], \"std\": [0.5, 0.5, 0.5], \"input_shape\": [3, 28, 56]}");
  const Finished refused = Plan();
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("takes images of [3,28,56] by its card"));
  there_.Write(
      "tiny.json",
      "{\"name\": \"tiny\", \"arch\": \"resnet20_cifar_a\", \"dataset\": \"cifar10\", "
      "\"mean\": [0.5, 0.5, 0.5], \"std\": [0.5, 0.5, 0.5], \"input_shape\": [3, 28, 28]}");
  EXPECT_THAT(
      Plan().err,
      HasSubstr("takes images of [3,28,28] by its card, those of dataset cifar10 are [3,32,32]"));
}

}  // namespace
}  // namespace zerosweep
