// What the program says about itself: help, version, and everything there is, for people and for
// machines.
#include <gmock/gmock.h>

#include <set>

#include "tests/support/command_line.h"

namespace zerosweep {
namespace {
namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsSubsetOf;

std::vector<std::string> FieldsOf(const Json& row) {
  std::vector<std::string> fields;
  for (const auto& [field, value] : row.items()) fields.push_back(field);
  return fields;
}

// The row whose `field` is `value`; fails the test when there is none.
Json RowOf(const Json& rows, const std::string& field, const std::string& value) {
  for (const Json& row : rows) {
    if (row.at(field) == value) return row;
  }
  ADD_FAILURE() << "no row with " << field << " = " << value << " in " << rows;
  return Json::object();
}

class CatalogueCommandsTest : public testing::Test {
 protected:
  Json Rows(std::vector<std::string> words) const {
    words.insert(words.end(), {"--format", "json"});
    const Finished finished = line_.Do(words);
    EXPECT_EQ(finished.code, 0) << finished.err;
    const Json rows = finished.json();
    EXPECT_TRUE(rows.is_array());
    EXPECT_FALSE(rows.empty());
    return rows;
  }
  const CommandLine line_;
};

TEST_F(CatalogueCommandsTest, VersionAndHelp) {
  const Finished version = line_.Do({"--version"});
  EXPECT_EQ(version.code, 0);
  EXPECT_TRUE(version.out.starts_with("zerosweep ")) << version.out;
  const Finished help = line_.Do({"--help"});
  EXPECT_EQ(help.code, 0);
  for (const char* command :
       {"run",    "plan",     "status",  "watch",       "logs",   "explain",  "retry",
        "cancel", "gc",       "fsck",    "leaderboard", "report", "query",    "methods",
        "models", "datasets", "recipes", "train",       "doctor", "quantize", "replay"}) {
    EXPECT_THAT(help.out, HasSubstr(std::string("\n  ") + command)) << command;
    const Finished own = line_.Do({command, "--help"});
    EXPECT_EQ(own.code, 0) << command;
    EXPECT_EQ(own.err, "") << command;
  }
  EXPECT_FALSE(fs::exists(line_.home()));
}

TEST_F(CatalogueCommandsTest, AnUnknownCommandNamesTheNearest) {
  const Finished typo = line_.Do({"stats", "demo"});
  EXPECT_EQ(typo.code, 2);
  EXPECT_THAT(typo.err, HasSubstr("unknown command 'stats', did you mean 'status'?"));
  EXPECT_THAT(line_.Do({"-q", "frobnicate"}).err,
              HasSubstr("unknown command 'frobnicate' (known: "));
  EXPECT_THAT(line_.Do({}).err, HasSubstr("subcommand is required"));
}

TEST_F(CatalogueCommandsTest, TheCommandLinePageNamesEveryCommandAndOption) {
  const std::string page = Contents(SourceFolder() / "docs/cli.md");
  const std::string help = line_.Do({"--help"}).out;
  std::istringstream lines(help.substr(help.find("Subcommands:")));
  std::string line;
  std::getline(lines, line);
  int commands = 0;
  while (std::getline(lines, line)) {
    if (line.size() < 3 || line[2] == ' ') continue;
    const std::string command = line.substr(2, line.find(' ', 2) - 2);
    ++commands;
    EXPECT_THAT(page, HasSubstr("`" + command)) << command;
    std::istringstream words(line_.Do({command, "--help"}).out);
    for (std::string word; words >> word;) {
      if (!word.starts_with('-') || word.find("--") == std::string::npos) continue;
      if (word.find_first_not_of("-abcdefghijklmnopqrstuvwxyz,") != std::string::npos) continue;
      const std::string option = word.substr(word.rfind("--"));
      EXPECT_THAT(page, HasSubstr(option)) << command << " " << word;
    }
  }
  EXPECT_GE(commands, 18);
}

TEST_F(CatalogueCommandsTest, ThePrintedPagesAreWhatTheProgramPrints) {
  using Words = std::vector<std::string>;
  for (const auto& [words, page] : {std::pair{Words{"methods", "--markdown"}, "docs/methods.md"},
                                    {Words{"models", "--markdown"}, "docs/networks.md"},
                                    {Words{"leaderboard", "--columns"}, "docs/leaderboard.md"}}) {
    const Finished printed = line_.Do(words);
    EXPECT_EQ(printed.code, 0);
    EXPECT_TRUE(printed.out == Contents(SourceFolder() / page))
        << "run: build/bin/zerosweep " << words[0] << " " << words[1] << " > " << page;
  }
}

// Settings leave these out, by name (cli/paper_settings.cc): a renamed one would come back
// silently.
TEST_F(CatalogueCommandsTest, WhatSettingsLeaveOutIsThere) {
  std::set<std::string> parameters;
  for (const Json& row : Rows({"methods"}))
    if (row.at("parameter").is_string()) parameters.insert(row.at("parameter"));
  for (const char* left_out : {"snapshots", "ranks", "heldout"})
    EXPECT_TRUE(parameters.contains(left_out)) << left_out;
}

TEST_F(CatalogueCommandsTest, MethodsWithEveryParameter) {
  const Json rows = Rows({"methods"});
  std::set<std::string> roles;
  for (const Json& row : rows) {
    roles.insert(row.at("role"));
    EXPECT_FALSE(row.at("summary").get<std::string>().empty()) << row;
    if (row.at("parameter").is_null()) continue;
    EXPECT_FALSE(row.at("default").is_null()) << row;
    EXPECT_FALSE(row.at("meaning").get<std::string>().empty()) << row;
  }
  EXPECT_TRUE(roles.contains("synthesizer") && roles.contains("quantizer"));
  const Json iterations = [&] {
    for (const Json& row : rows) {
      if (row.at("name") == "zeroq" && row.at("parameter") == "iterations") return row;
    }
    return Json::object();
  }();
  EXPECT_EQ(iterations.at("default"), 500);
  EXPECT_EQ(iterations.at("profiles").at("smoke"), 3);
  EXPECT_EQ(iterations.at("unit"), "iterations");
}

TEST_F(CatalogueCommandsTest, ModelsAndDatasets) {
  int architectures = 0;
  for (const Json& row : Rows({"models"})) {
    // A row without a model is an architecture; trained models say which data they know.
    EXPECT_NE(row.at("model").is_null(), row.at("dataset").is_string()) << row;
    if (!row.at("model").is_null() || row.at("arch") != "resnet20_cifar_a") continue;
    ++architectures;
    EXPECT_EQ(row.at("batch_norms"), 19);
    EXPECT_EQ(row.at("input_shape"), Json({3, 32, 32}));
  }
  EXPECT_EQ(architectures, 1);
  const Json resnet18 = RowOf(Rows({"models"}), "arch", "resnet18");
  EXPECT_EQ(resnet18.at("batch_norms"), 20);
  EXPECT_EQ(resnet18.at("layouts"), Json({"torchvision", "pytorchcv"}));
  CommandLine with_data;
  with_data.SetEnvironment("ZEROSWEEP_DATA", with_data / "data");
  const Json rows = with_data.Do({"datasets", "--format", "json"}).json();
  const Json dataset = RowOf(rows, "dataset", "cifar10");
  EXPECT_EQ(dataset.at("classes"), 10);
  EXPECT_EQ(dataset.at("folder"), (with_data / "data").string());
  EXPECT_THAT(dataset.at("splits"), testing::Contains("test"));
  EXPECT_EQ(dataset.at("layout"), "test_batch.bin");
  EXPECT_THAT(RowOf(rows, "dataset", "imagenet").at("layout"), HasSubstr("val/<class>/"));
  EXPECT_TRUE(RowOf(rows, "dataset", "image_folder").at("classes").is_null());
}

TEST_F(CatalogueCommandsTest, RecipesWithEveryValue) {
  const Json zeroq = RowOf(Rows({"recipes"}), "recipe", "zeroq");
  EXPECT_EQ(zeroq.at("synthesizer"), "zeroq");
  EXPECT_EQ(zeroq.at("quantizer"), "minmax");
  for (const Json& recipe : Rows({"recipes"})) {
    for (const Json& row : Rows({"recipes", recipe.at("recipe")})) {
      EXPECT_FALSE(row.at("value").is_null()) << row;
    }
  }
}

TEST_F(CatalogueCommandsTest, CsvHasAHeadingAndARowForEach) {
  const Finished csv = line_.Do({"datasets", "--format", "csv"});
  EXPECT_EQ(csv.code, 0);
  EXPECT_TRUE(csv.out.starts_with("dataset,classes,shape,")) << csv.out;
}

TEST_F(CatalogueCommandsTest, APlanCountsWithoutComputing) {
  const std::string sweep = line_.WriteSmokeSweep("w8a8, w4a4");
  const Json rows = Rows({"plan", sweep});
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_THAT((std::vector<std::string>{"trials", "stages", "shared_stages", "done_stages"}),
              IsSubsetOf(FieldsOf(rows[0])));
  EXPECT_EQ(rows[0].at("trials"), 8);
  EXPECT_EQ(rows[0].at("stages"), 1 + 4 + 8 + 8);
  EXPECT_EQ(rows[0].at("shared_stages"), 1 + 4) << "the teacher, and images for two bit-widths";
  EXPECT_EQ(rows[0].at("done_stages"), 0);
  EXPECT_FALSE(fs::exists(line_.home()));
}

// Shipped sweeps stay valid; what may be missing here are their data and weights.
TEST_F(CatalogueCommandsTest, TheExampleSweepsAreValid) {
  int examples = 0;
  for (const auto& entry : fs::directory_iterator(SourceFolder() / "sweeps/examples")) {
    ++examples;
    const Finished finished = line_.Do({"plan", entry.path(), "--no-check", "--format", "json"});
    if (finished.code == 0) {
      EXPECT_GT(finished.json().at(0).at("trials"), 0);
      continue;
    }
    EXPECT_EQ(finished.code, 2) << entry.path();
    EXPECT_THAT(finished.err,
                testing::AnyOf(HasSubstr("not found: there is no"), HasSubstr("no folder holds"),
                               HasSubstr("there is no folder"), HasSubstr("unknown model"),
                               HasSubstr("are missing")))
        << entry.path();
  }
  EXPECT_GE(examples, 2);
}

// A recipe of the folder is one of the program's, and stands for a trial.
TEST_F(CatalogueCommandsTest, TheShippedRecipesArePlanned) {
  for (const auto& entry : fs::directory_iterator(SourceFolder() / "sweeps/recipes")) {
    const std::string name = entry.path().stem();
    line_.Write("sweep.yaml",
                CommandLine::Sweep("grid:\n  method: [" + name + "]\n  bits: [w8a8]\n"));
    const Finished finished =
        line_.Do({"plan", line_ / "sweep.yaml", "--no-check", "--format", "json"});
    EXPECT_EQ(finished.code, 0) << finished.err;
    EXPECT_EQ(finished.json().at(0).at("trials"), 1) << name;
  }
}

}  // namespace
}  // namespace zerosweep
