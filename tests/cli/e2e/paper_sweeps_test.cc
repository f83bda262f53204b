// Every sweep of a paper: all of its methods on a small network under the profile `smoke`, through
// the real programs; then a plan of it as it is written, with stand-ins for data and weights.
#include <set>

#include "tests/support/command_line.h"
#include "tests/support/paper_stand_ins.h"

namespace zerosweep {
namespace {
namespace fs = std::filesystem;

struct PaperSweep {
  std::string name;  // of its file
  int trials;        // as written
  std::set<std::string> methods;
  std::vector<std::string> smaller;  // settings of the small run
};

// In one home: baselines that several papers share are computed once.
const std::vector<PaperSweep> kPapers = {
    {"qdrop", 180, {"adaround", "qdrop"}, {"grid.bits=[w4a4]"}},
    {"aquant", 12, {"aquant", "qdrop"}, {"grid.bits=[w4a4]", "grid.protocol=[aquant, qdrop]"}},
    {"brecq", 144, {"adaround", "brecq"}, {"grid.bits=[w2a4, w2a32]"}},
    {"clusterq", 18, {"clusterq"}, {}},
    {"dsg", 195, {"dsg", "dsg_extended", "real", "zeroq"}, {"grid.bits=[w4a4]"}},
    {"fdda", 48, {"fdda"}, {"grid.bits=[w4a4]"}},
    {"genie", 108, {"genie", "genie_real"}, {"grid.bits=[w4a4]"}},
    {"intraq", 60, {"gdfq", "intraq"}, {"grid.bits=[w4a4]"}},
    {"pd_quant", 72, {"pd_quant"}, {"grid.bits=[w4a4]"}},
    {"qimera", 60, {"gdfq", "qimera"}, {"grid.bits=[w4a4]"}},
    {"zeroq", 45, {"zeroq", "zeroq_mp"}, {}},
};

fs::path FileOf(const PaperSweep& paper) { return PaperFolder() / (paper.name + ".yaml"); }

void WriteStandIns(const CommandLine& line) {
  WritePaperStandIns(line / "data");
  line.Write("data/tiny.safetensors", TinyWeights().Bytes());
}

void ExpectEveryMethodDone(const CommandLine& line, const PaperSweep& paper) {
  std::vector<std::string> settings = {"profile=smoke", "seeds=[0]",
                                       "grid.model=[" + std::string(CommandLine::kModel) + "]"};
  settings.insert(settings.end(), paper.smaller.begin(), paper.smaller.end());
  std::vector<std::string> words = {"run", FileOf(paper), "--data",    line / "data",
                                    "-n",  "2",           "--threads", "1"};
  for (const std::string& setting : settings) {
    words.emplace_back("--set");
    words.push_back(setting);
  }
  const Finished run = line.Do(words);
  EXPECT_EQ(run.code, 0) << run.err;
  std::set<std::string> done;
  for (const Json& row : line.Query("SELECT DISTINCT method FROM v_trial WHERE state = 'done' AND "
                                    "sweep = 'paper_" +
                                    paper.name + "'")) {
    done.insert(row.at("method").get<std::string>());
  }
  EXPECT_EQ(done, paper.methods);
}

// In a home that knows nothing, and in one that ran the small sweeps.
void ExpectPlanWithPrice(const CommandLine& line, const PaperSweep& paper,
                         const std::set<std::string>& bases) {
  const Finished plan =
      line.Do({"--format", "json", "plan", FileOf(paper), "--no-check", "--data", line / "data"});
  ASSERT_EQ(plan.code, 0) << plan.err;
  EXPECT_EQ(plan.err, "");  // no rule without a trial
  const Json row = plan.json().at(0);
  EXPECT_EQ(row.at("sweep").get<std::string>(), "paper_" + paper.name);
  EXPECT_EQ(row.at("trials"), paper.trials);
  EXPECT_TRUE(bases.contains(row.at("estimate_basis"))) << row;
  const double seconds = row.at("estimated_seconds");
  EXPECT_GT(seconds, 60) << row;
  EXPECT_LE(row.at("longest_chain_seconds"), seconds);
  for (const Json& kind : row.at("kinds")) {
    EXPECT_GT(kind.at("estimated_seconds"), 0) << kind;
    EXPECT_TRUE(bases.contains(kind.at("estimate_basis"))) << kind;
  }
}

TEST(PaperSweepsTest, HaveAPriceInAFreshHome) {
  const CommandLine line;
  WriteStandIns(line);
  for (const PaperSweep& paper : kPapers) {
    SCOPED_TRACE(paper.name);
    ExpectPlanWithPrice(line, paper, {"rough"});
  }
  EXPECT_FALSE(fs::exists(line.home()));
}

TEST(PaperSweepsTest, RunSmallAndArePlannedAsWritten) {
  const CommandLine line;
  WriteStandIns(line);
  for (const PaperSweep& paper : kPapers) {
    SCOPED_TRACE(paper.name);
    ExpectEveryMethodDone(line, paper);
    // What the small run took on another network is what the price is told from.
    ExpectPlanWithPrice(line, paper, {"scaled"});
  }
}

TEST(PaperSweepsTest, EveryFileIsTested) {
  std::set<std::string> tested;
  for (const PaperSweep& paper : kPapers) tested.insert(paper.name);
  EXPECT_EQ(tested, PaperNames());
}

}  // namespace
}  // namespace zerosweep
