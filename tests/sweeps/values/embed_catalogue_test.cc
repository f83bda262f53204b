// The build step that checks recipes and embeds them with the catalogue.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>

#include "base/files.h"
#include "tests/support/sweep_folder.h"

namespace zerosweep {
namespace {

class EmbedCatalogueTest : public testing::Test {
 protected:
  void SetUp() override {
    const char* build = std::getenv("ZEROSWEEP_BUILD");
    program_ =
        std::filesystem::absolute(build == nullptr ? "build" : build) / "bin/embed_catalogue";
    if (!std::filesystem::exists(program_)) GTEST_SKIP() << program_ << " is not built";
    folder_.Write("catalogue.json", ToJson(TestDeclarations()).dump());
  }

  // The exit status; stderr goes to the file `errors`.
  int Run(const std::string& recipe) {
    folder_.Write("mine.yaml", recipe);
    const std::string command =
        fmt::format("cd '{}' && '{}' catalogue.json out.cc mine.yaml 2>errors",
                    folder_.Options().file.parent_path().string(), program_.string());
    return WEXITSTATUS(std::system(command.c_str()));
  }

  SweepFolder folder_;
  std::filesystem::path program_;
};

TEST_F(EmbedCatalogueTest, WritesASourceOfShortPieces) {
  ASSERT_EQ(Run("name: mine\nsummary: y\nprotocol: zeroq\nsynthesizer: noise\n"
                "quantizer: minmax\n"),
            0)
      << ReadFile(folder_ / "errors");
  const std::string source = ReadFile(folder_ / "out.cc");
  EXPECT_THAT(source, testing::HasSubstr("const Catalogue& CompiledCatalogue()"));
  EXPECT_THAT(source, testing::HasSubstr("\"summary\":\"y\""));
}

TEST_F(EmbedCatalogueTest, StopsTheBuildWithFileAndLine) {
  EXPECT_EQ(Run("name: mine\nsummary: y\nprotocol: zeroq\nsynthesizer: nois\n"
                "quantizer: minmax\n"),
            kExitUsage);
  EXPECT_EQ(ReadFile(folder_ / "errors"),
            "mine.yaml:4: unknown synthesizer 'nois', did you mean 'noise'?\n");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out.cc"));
  EXPECT_EQ(Run("name: other\nsummary: y\nprotocol: zeroq\nsynthesizer: noise\n"
                "quantizer: minmax\n"),
            kExitUsage);
  EXPECT_EQ(ReadFile(folder_ / "errors"),
            "mine.yaml: the recipe is named 'other', its file must be other.yaml\n");
}

}  // namespace
}  // namespace zerosweep
