// Every shipped recipe under the profile `smoke`, through the real programs.
#include <gmock/gmock.h>

#include "base/files.h"
#include "tests/support/command_line.h"

namespace zerosweep {
namespace {

TEST(EveryRecipeTest, RunsFromImagesToAccuracy) {
  const CommandLine line;
  std::string methods;
  int recipes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(SourceFolder() / "sweeps/recipes")) {
    methods += (recipes++ == 0 ? "" : ", ") + entry.path().stem().string();
  }
  ASSERT_GE(recipes, 13);
  line.Write("sweep.yaml",
             CommandLine::Sweep("grid:\n  method: [" + methods + "]\n  bits: [w4a4]\n"));
  const Finished run = line.Do({"run", line / "sweep.yaml", "-n", "2"});
  ASSERT_EQ(run.code, 0) << run.err;
  const Json rows = line.Do({"leaderboard", "tiny", "--format", "json"}).json();
  EXPECT_EQ(rows.size(), static_cast<size_t>(recipes));
  // A recipe names its protocol; the reconstruction methods bring those of their papers.
  std::map<std::string, std::string> protocols;
  for (const Json& row : rows) protocols[row.at("method")] = row.at("protocol");
  EXPECT_EQ(protocols.at("genie"), "genie");
  EXPECT_EQ(protocols.at("brecq"), "brecq_released");
  EXPECT_EQ(protocols.at("pd_quant"), "pd_quant");
  EXPECT_EQ(line.Value("SELECT count(*) FROM v_attempt WHERE outcome = 'failed'"), 0);
  // Images that recipes share are shown once, a PNG file each.
  ASSERT_EQ(line.Do({"report", "tiny", "-o", line / "report.html"}).code, 0);
  const std::string report = ReadFile(line / "report.html");
  EXPECT_THAT(report, testing::HasSubstr("<img alt=\"Samples of intraq: "));
  EXPECT_THAT(report, testing::HasSubstr("src=\"data:image/png;base64,iVBORw0KGgo"));
  EXPECT_EQ(line.Value("SELECT count(*) FROM v_attempt WHERE kind = 'correct'"), 1);
}

}  // namespace
}  // namespace zerosweep
