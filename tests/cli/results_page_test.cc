// scripts/results: leaderboards as this and older versions printed them, on one page.
#include <gmock/gmock.h>

#include "base/files.h"
#include "tests/support/command_line.h"

namespace zerosweep {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

Json BoardRow(const std::string& method, double top1) {
  return {{"method", method},
          {"variant", "fixed"},
          {"bits", "w4a4"},
          {"n", 1},
          {"top1_mean", top1},
          {"drop", 88 - top1},
          {"to_real", nullptr},
          {"agreement", 90.5},
          {"seconds_mean", 10.4},
          {"protocol", "zeroq"},
          {"top1_std", nullptr},
          {"untrained_top1", nullptr},
          {"settings", "lr=0.01"},
          {"published", nullptr},
          {"heldout_snapshot_top1", nullptr}};
}

// As printed since leaderboards tell what is not the paper's.
Json NewRow(const std::string& method, double top1, const Json& settings, int revision) {
  Json row = BoardRow(method, top1);
  row.update({{"settings", settings},
              {"papers", Json::object()},
              {"synthesizer", nullptr},
              {"quantizer", method},
              {"revisions", {{"quantize", revision}, {"evaluate", 1}}},
              {"images_seen", nullptr},
              {"lr_kd", nullptr},
              {"real_images", nullptr}});
  return row;
}

std::string Page(const CommandLine& line) {
  const Finished page =
      line.StartProgram({"/usr/bin/python3", SourceFolder() / "scripts/results", line / "results"})
          ->Wait();
  EXPECT_EQ(page.code, 0) << page.err;
  return page.out;
}

TEST(ResultsPageTest, SharedSettingsAreSaidOnceAndTrainedStudentsTellWhatTheySaw) {
  const CommandLine line;
  Json trained = NewRow("gdfq", 85, {"lr=0.001", "falls=0.1, 0.2", "batch=64"}, 2);
  trained.update({{"untrained_top1", 80}, {"images_seen", 51200}, {"lr_kd", 0.752531}});
  line.Write("results/new.json", Json({trained, NewRow("zeroq", 84, {"batch=64"}, 1)}).dump());
  const std::string page = Page(line);
  EXPECT_THAT(page, HasSubstr("Settings of all rows: batch 64.\n"));
  EXPECT_THAT(page, HasSubstr("| gdfq (fixed) | lr 0.001, falls '0.1, 0.2' | w4a4 | 85.00 |"));
  EXPECT_THAT(page, HasSubstr("| zeroq (fixed) | – | w4a4 | 84.00 |"));
  EXPECT_THAT(page, HasSubstr("| untrained | best snapshot | held-out | images seen | Σ lr·KD |"));
  EXPECT_THAT(page, HasSubstr("| 80.00 | – | – | 51200 | 0.7525 |"));
  EXPECT_THAT(page, Not(HasSubstr("| real images")));
  EXPECT_THAT(page, Not(HasSubstr("neither revisions")));
}

TEST(ResultsPageTest, RowsOfThePaperSaySo) {
  const CommandLine line;
  Json unknown = NewRow("gone", 80, Json::array(), 1);
  unknown["papers"] = nullptr;
  line.Write("results/a.json", Json({NewRow("gdfq", 85, Json::array(), 1), unknown}).dump());
  EXPECT_THAT(Page(line), AllOf(HasSubstr("| gdfq (fixed) | paper's |"),
                                HasSubstr("| gone (fixed) | the paper's are not known |")));
}

// docs/results/revisions.json is what the program says.
TEST(ResultsPageTest, ThePresentRevisionsAreTheProgramsOwn) {
  const CommandLine line;
  Json revisions = Json::object();
  for (const Json& row : line.Do({"--format", "json", "methods"}).json())
    revisions[row.at("name").get<std::string>()] = row.at("revision");
  EXPECT_EQ(ParseJson(ReadFile(SourceFolder() / "docs/results/revisions.json"), "revisions"),
            revisions);
}

TEST(ResultsPageTest, OlderRevisionsAreThoseBeforeThePresentOnes) {
  const CommandLine line;
  line.Write("results/a.json", Json::array({NewRow("gdfq", 85, {"batch=64"}, 1)}).dump());
  line.Write("results/revisions.json", R"({"gdfq": 3})");
  EXPECT_THAT(Page(line), HasSubstr("\nMade by revision 1 of `gdfq` (now 3).\n"));
}

TEST(ResultsPageTest, OlderRevisionsAndOlderFilesAreNamed) {
  const CommandLine line;
  line.Write("results/a.json", Json::array({NewRow("gdfq", 85, {"batch=64"}, 1)}).dump());
  line.Write("results/b.json", Json::array({NewRow("gdfq", 86, {"batch=64"}, 2)}).dump());
  line.Write("results/c.json", Json::array({BoardRow("dsg", 80)}).dump());
  const std::string page = Page(line);
  const size_t b = page.find("## b"), c = page.find("## c");
  EXPECT_THAT(page.substr(0, b), HasSubstr("\nMade by revision 1 of `gdfq` (now 2).\n"));
  EXPECT_THAT(page.substr(b, c - b), Not(HasSubstr("Made by")));
  EXPECT_THAT(page.substr(c), HasSubstr("| dsg (fixed) | lr=0.01 | w4a4 |"));
  EXPECT_THAT(page.substr(c), HasSubstr("When these rows were made, neither revisions"));
}

}  // namespace
}  // namespace zerosweep
