#include "reports/leaderboard/leaderboard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "reports/leaderboard/status.h"
#include "tests/support/results_home.h"

namespace zerosweep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> Order(const std::vector<LeaderboardRow>& rows) {
  std::vector<std::string> names;
  for (const auto& row : rows) names.push_back(row.method + " " + BitsName(row.bits));
  return names;
}

struct LeaderboardTest : testing::Test, ResultsHome {};

TEST_F(LeaderboardTest, SeedsAreSamplesOfOneRow) {
  for (const int64_t seed : {2, 0, 1}) Done({.seed = seed}, 87.0 + static_cast<double>(seed));
  const auto rows = Leaderboard(Reader(), {}, "demo");
  ASSERT_EQ(rows.size(), 1u);
  const LeaderboardRow& row = rows[0];
  EXPECT_EQ(row.n, 3);
  EXPECT_EQ(row.seeds, (std::vector<int64_t>{0, 1, 2}));
  EXPECT_DOUBLE_EQ(row.score_mean, 88);
  EXPECT_DOUBLE_EQ(*row.score_std, 1);
  EXPECT_NEAR(*row.score_ci_high - row.score_mean, 4.302653 / std::sqrt(3), 1e-6);
  EXPECT_EQ(row.score_best, 89);
  EXPECT_EQ(row.mean("fp32_top1"), 90);
  EXPECT_DOUBLE_EQ(*row.drop, 2);
  EXPECT_EQ(row.mean("agreement"), 95);
  EXPECT_EQ(row.mean("untrained_top1"), 83);  // of a network that was trained
  EXPECT_EQ(row.mean("best_snapshot_top1"), 88.5);
  EXPECT_EQ(row.mean("heldout_snapshot_top1"), 87.5);
  EXPECT_EQ(row.mean("images"), 256);  // of the synthesizer, not the 10 000 of the evaluation
  EXPECT_EQ(row.mean("images_seen"), 51200);
  EXPECT_EQ(row.mean("lr_kd"), 0.75);
  EXPECT_EQ(row.mean("real_images"), 10);
  EXPECT_EQ(row.mean("size_bytes"), 270000);
  EXPECT_EQ(row.seconds_mean, 4);  // teacher, images, quantization, evaluation: as if alone
  EXPECT_EQ(row.sweep, "demo");
  EXPECT_FALSE(row.published);
}

TEST_F(LeaderboardTest, OneSeedHasNoSpread) {
  Done({}, 88);
  const auto rows = Leaderboard(Reader(), {});
  EXPECT_FALSE(rows[0].score_std);
  EXPECT_FALSE(rows[0].score_ci_low);
}

TEST_F(LeaderboardTest, CoincidingEvaluationsCountOnce) {
  Done({.seed = 0}, 88);
  TrialRow twin =
      rows.trials[0];  // seed 1 leads to the same stages, as a deterministic method does
  twin.id = Sha256Hex("twin");
  twin.seeds.synthesis = 1;
  rows.trials.push_back(twin);
  Add();
  const auto board = Leaderboard(Reader(), {});
  ASSERT_EQ(board.size(), 1u);
  EXPECT_EQ(board[0].n, 1);
  EXPECT_EQ(board[0].seeds, (std::vector<int64_t>{0, 1}));
}

TEST_F(LeaderboardTest, OtherParametersAreAnotherRow) {
  Done({.params = {{"iterations", 500}}}, 88);
  Done({.seed = 1, .params = {{"iterations", 1000}}}, 89);
  Done({.method = "noise"}, 70);
  const auto rows = Leaderboard(Reader(), {});
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(MethodName(rows[0]), "zeroq [iterations=1000]");
  EXPECT_EQ(MethodName(rows[1]), "zeroq [iterations=500]");
  EXPECT_EQ(MethodName(rows[2]), "noise") << "the only one of its name";
}

TEST_F(LeaderboardTest, RanksWithinDatasetModelAndBits) {
  Done({.method = "zeroq", .w_bits = 4, .a_bits = 4}, 80);
  Done({.method = "noise", .w_bits = 4, .a_bits = 4}, 85);
  Done({.method = "zeroq", .w_bits = 8, .a_bits = 8}, 70);
  Done({.method = "zeroq", .w_bits = 4, .a_bits = 8}, 75);
  Done({.dataset = "a_dataset", .method = "zeroq", .w_bits = 2, .a_bits = 2}, 10);
  EXPECT_THAT(Order(Leaderboard(Reader(), {})),
              ElementsAre("zeroq W2A2", "zeroq W8A8", "zeroq W4A8", "noise W4A4", "zeroq W4A4"));
}

TEST_F(LeaderboardTest, MixedPrecisionStandsBesideTheUniformBitsOfItsBudget) {
  Done({.w_bits = 4, .a_bits = 8, .bits = "wmp4a8"}, 85);
  Done({.w_bits = 4, .a_bits = 8}, 80);
  Done({.w_bits = 4.5, .a_bits = 8, .bits = "w@first8a8"}, 70);
  Done({.w_bits = 6, .a_bits = 6, .protocol = "genie", .bits = "wmp6a6"}, 86);
  Done({.w_bits = 6, .a_bits = 6}, 84);
  const auto board = Leaderboard(Reader(), {});
  EXPECT_THAT(Order(board), ElementsAre("zeroq W6A6", "zeroq WMP6A6", "zeroq W@first8A8",
                                        "zeroq W4A8", "zeroq WMP4A8"));
  EXPECT_TRUE(Notes(board).empty()) << "mixed and uniform precision are other bits";
  for (const char* where : {"bits=wmp4a8", "bits=WMP4A8", "bits=w@first8a8", "bits=w4a8"})
    EXPECT_EQ(Leaderboard(Reader(), {}, "", ParseFilter(where)).size(), 1u) << where;
  EXPECT_EQ(Leaderboard(Reader(), {}, "", ParseFilter("w_bits=4")).size(), 2u);
}

// Every evaluation here is of 10,000 images (tests/support/sweep_rows.h).
TEST_F(LeaderboardTest, ALimitAboveTheTestSplitIsNone) {
  const auto limited = [](int64_t limit) -> Json {
    return {{"/evaluate/limit", limit}, {"/dataset/fingerprint", "one copy"}};
  };
  Done({.also = limited(0)}, 88);
  Done({.method = "noise", .also = limited(50'000)}, 70);
  Done({.method = "qdrop", .also = limited(10'000)}, 80);  // exactly all of them
  const auto rows = Leaderboard(Reader(), {});
  ASSERT_EQ(rows.size(), 3u);
  for (const LeaderboardRow& row : rows) {
    EXPECT_FALSE(row.not_comparable) << row.method;
    EXPECT_EQ(row.limit, 0) << row.method;
    EXPECT_EQ(row.test_images, 10'000) << row.method;
    EXPECT_EQ(row.tested, rows[0].tested);
  }
  EXPECT_EQ(LeaderboardForDisplay(rows).rows[0].back(), "zeroq");
  EXPECT_TRUE(Notes(rows).empty());
  EXPECT_EQ(LeaderboardTable(rows).columns.at(39), "test_images");
  EXPECT_EQ(LeaderboardTable(rows).rows[0].at(39), 10'000);
}

TEST_F(LeaderboardTest, ALimitThatWasMetStaysOne) {
  Done({.also = {{"/evaluate/limit", 10'000}, {"/dataset/fingerprint", "one copy"}}}, 88);
  Done({.method = "noise", .also = {{"/evaluate/limit", 0}, {"/dataset/fingerprint", "another"}}},
       70);
  const auto rows = Leaderboard(Reader(), {});
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].limit, 10'000) << "of another copy nothing is known";
  EXPECT_TRUE(rows[0].not_comparable);
  EXPECT_EQ(LeaderboardForDisplay(rows).rows[0].back(), "zeroq, 10000 images *");
}

TEST_F(LeaderboardTest, MarksProtocolsThatMeet) {
  Done({.protocol = "zeroq"}, 88);
  Done({.protocol = "genie"}, 89);
  Done({.w_bits = 4, .a_bits = 4, .protocol = "genie"}, 80);
  const auto rows = Leaderboard(Reader(), {});
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_TRUE(rows[0].not_comparable);
  EXPECT_TRUE(rows[1].not_comparable);
  EXPECT_FALSE(rows[2].not_comparable);
  EXPECT_THAT(Notes(rows), ElementsAre(kIncomparableNote));
  const Table table = LeaderboardForDisplay(rows);
  EXPECT_EQ(table.rows[0].back(), "genie *");
  EXPECT_EQ(table.rows[2].back(), "genie");
}

TEST_F(LeaderboardTest, MarksTrialsThatShareTheirImages) {
  Done({.method = "dsg", .seed = 0}, 87);
  Done({.method = "dsg", .seed = 1}, 87);
  Done({.seed = 0}, 88);
  EXPECT_TRUE(Notes(Leaderboard(Reader(), {})).empty());
  TrialRow second = rows.trials.back();  // the same images, quantized with another seed
  const auto design = rows.Stage(rows.NameOf(second, "quantize")).design;
  const auto inputs = rows.Stage(rows.NameOf(second, "quantize")).inputs;
  second.id = Sha256Hex("second");
  second.seeds.quantize = 1;
  second.stages[2] = rows.Add(*design, inputs, 1);
  second.stages[3] =
      rows.Add({.kind = "evaluate", .implementation = "evaluate", .roles = {"quantized"}},
               {second.stages[2]});
  rows.trials.push_back(second);
  Add();
  FinishTrial(writer, rows.stages, rows.trials.back(), 88.5);
  const auto board = Leaderboard(Reader(), {});
  ASSERT_EQ(board.size(), 2u);
  EXPECT_EQ(board[0].n, 2);
  EXPECT_EQ(board[0].image_sets, 1);
  EXPECT_EQ(board[1].image_sets, 2);
  EXPECT_THAT(Notes(board), ElementsAre(kSharedImagesNote));
  const Table table = LeaderboardForDisplay(board);
  EXPECT_EQ(table.rows[0][6], "2 †");
  EXPECT_EQ(table.rows[1][6], "2");
}

TEST_F(LeaderboardTest, RowsTellTheDistanceToRealImages) {
  Done({.method = "real"}, 88);
  Done({.method = "zeroq"}, 87.5);
  Done({.method = "zeroq", .protocol = "genie"}, 86);
  Done({.method = "zeroq", .w_bits = 4, .a_bits = 4}, 80);
  Done({.method = "noise"}, 85, "another");  // the row on real images is of another sweep
  const auto distance = [&](const std::string& sweep, const std::string& where) {
    return Leaderboard(Reader(), {}, sweep, ParseFilter(where)).at(0).to_real;
  };
  EXPECT_EQ(distance("demo", "method=zeroq,bits=w8a8,protocol=zeroq"), -0.5);
  EXPECT_EQ(distance("another", "method=noise"), -3);
  EXPECT_EQ(distance("demo", "method=real"), std::nullopt);
  EXPECT_EQ(distance("demo", "protocol=genie"), std::nullopt);
  EXPECT_EQ(distance("demo", "bits=w4a4"), std::nullopt);
  Done({.method = "real", .params = {{"augmentation", "random_resized_crop"}}}, 87);
  EXPECT_EQ(distance("another", "method=noise"), std::nullopt) << "which one is meant?";
}

TEST_F(LeaderboardTest, UnfinishedAndFailedTrialsAreNotRanked) {
  Done({.seed = 0}, 88);
  Cell({.seed = 1});
  Add();
  EXPECT_EQ(Leaderboard(Reader(), {})[0].n, 1);
}

TEST_F(LeaderboardTest, AFilterThatCannotBeMeantIsRefused) {
  EXPECT_THROW(ParseFilter("method=zeroq,method=noise"), Error);
  EXPECT_THROW(ParseFilter("state=faild"), Error);
  EXPECT_EQ(ParseFilter("state=failed,method=zeroq").size(), 2U);
}

TEST_F(LeaderboardTest, TheExportedFormIsShownIfAsked) {
  const Json exported = {{"/evaluate/form", "exported"}};
  Done({.also = exported}, 87);
  const auto scores = [this](const Filter& where) {
    std::vector<double> found;
    for (const LeaderboardRow& row : Leaderboard(Reader(), {}, "", where))
      found.push_back(row.score_mean);
    return found;
  };
  EXPECT_THAT(scores({}), ElementsAre(87)) << "there is no other";
  Done({.also = {{"/evaluate/form", "paper"}}}, 88);
  EXPECT_THAT(scores({}), ElementsAre(88));
  EXPECT_THAT(scores(ParseFilter("form=exported")), ElementsAre(87));
  EXPECT_THAT(scores(ParseFilter("form=paper")), ElementsAre(88));
  // Another network's row has no rival.
  Done({.method = "noise", .also = exported}, 60);
  EXPECT_THAT(scores({}), ElementsAre(88, 60));
  EXPECT_THROW(ParseFilter("form=papers"), Error);
}

TEST_F(LeaderboardTest, FiltersTrials) {
  for (const int64_t seed : {0, 1}) Done({.seed = seed}, 88);
  Done({.method = "noise", .w_bits = 4, .a_bits = 4}, 60);
  const auto count = [this](const char* where) {
    return Leaderboard(Reader(), {}, "", ParseFilter(where)).size();
  };
  EXPECT_EQ(count("method=zeroq"), 1u);
  EXPECT_EQ(count("bits=w4a4"), 1u);
  EXPECT_EQ(count("w_bits=8,a_bits=8,method=noise"), 0u);
  EXPECT_EQ(count(""), 2u);
  EXPECT_EQ(Leaderboard(Reader(), {}, "", ParseFilter("seed=1"))[0].n, 1);
  EXPECT_EQ(Leaderboard(Reader(), {}, "", {{"trial", rows.trials[2].id.substr(0, 8)}})[0].method,
            "noise");
}

TEST_F(LeaderboardTest, RefusesWhatItDoesNotKnow) {
  Done({}, 88);
  const auto message =
      [this](const std::function<void(const ResultsReader&)>& body) -> std::string {
    try {
      body(Reader());
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage);
      return error.what();
    }
    return "no error";
  };
  EXPECT_THAT(message([](const auto& r) { Leaderboard(r, {}, "demp"); }),
              HasSubstr("did you mean 'demo'"));
  EXPECT_THAT(message([](const auto&) { ParseFilter("methd=x"); }),
              HasSubstr("did you mean 'method'"));
  EXPECT_THAT(message([](const auto&) { ParseFilter("method"); }), HasSubstr("key=value"));
  EXPECT_THAT(message([](const auto& r) {
                Leaderboard(r, {}, "", {{"seed", "x"}});
              }),
              HasSubstr("not a number"));
  EXPECT_THAT(message([](const auto& r) {
                Leaderboard(r, {}, "", {{"bits", "4"}});
              }),
              HasSubstr("w4a8"));
}

TEST_F(LeaderboardTest, SharedTrialsNameTheirSweeps) {
  Done({}, 88);
  Add("another");
  EXPECT_EQ(Leaderboard(Reader(), {})[0].sweep, "another, demo");
  EXPECT_EQ(Leaderboard(Reader(), {}, "another")[0].sweep, "another");
}

TEST_F(LeaderboardTest, TableHasTheColumnsOfTheContract) {
  Done({.w_bits = 8, .a_bits = 8}, 88);
  const Table table = LeaderboardTable(Leaderboard(Reader(), {}));
  EXPECT_THAT(
      table.columns,
      ElementsAre("sweep", "dataset", "model", "method", "w_bits", "a_bits", "n", "top1_mean",
                  "top1_std", "top1_ci_low", "top1_ci_high", "top1_best", "agreement", "fp32_top1",
                  "drop", "images", "size_bytes", "bitops", "seeds", "protocol", "variant",
                  "seconds_mean", "published", "published_source", "bits", "to_real", "settings",
                  "untrained_top1", "best_snapshot_top1", "heldout_snapshot_top1", "image_sets",
                  "images_seen", "lr_kd", "real_images", "papers", "label", "synthesizer",
                  "quantizer", "revisions", "test_images", "loss", "sqnr", "kl", "kl_std", "iou",
                  "cosine", "ranked_by", "score_mean", "score_std", "score_ci_low", "score_ci_high",
                  "score_best", "score_se", "kl_se"));
  EXPECT_EQ(table.rows[0].size(), table.columns.size());
  EXPECT_TRUE(table.rows[0][4].is_number_integer());
  EXPECT_TRUE(table.rows[0][8].is_null());
  EXPECT_EQ(table.rows[0][18], Json::array({0}));
  EXPECT_EQ(table.rows[0].at(38),
            Json({{"teacher", 1}, {"synthesize", 1}, {"quantize", 1}, {"evaluate", 1}}));
  EXPECT_EQ(table.rows[0].at(39), 10'000);
  EXPECT_EQ(table.rows[0].at(40), 0.4);
}

TEST_F(LeaderboardTest, WithoutLabelsAgreementRanksThenDivergence) {
  const auto done = [&](const char* method, int64_t seed, double agreement, double kl) {
    Cell({.method = method, .seed = seed});
    Add();
    FinishUnlabelled(writer, rows.stages, rows.trials.back(),
                     {{"agreement", agreement},
                      {"kl", kl},
                      {"sqnr", 20},
                      {"score_se", 100 - agreement},
                      {"kl_se", kl / 10}});
  };
  done("a", 0, 90, 0.5);
  done("a", 1, 92, 0.7);
  done("b", 0, 91, 0.2);
  done("c", 0, 95, 0.9);
  const auto board = Leaderboard(Reader(), {});
  EXPECT_THAT(Order(board), ElementsAre("c W8A8", "b W8A8", "a W8A8"));
  const LeaderboardRow& a = board[2];
  EXPECT_EQ(a.ranked_by, "agreement");
  EXPECT_EQ(a.score_mean, 91);
  EXPECT_NEAR(*a.score_std, std::sqrt(2), 1e-12);
  EXPECT_NEAR(*a.kl_std, 0.2 / std::sqrt(2), 1e-12);
  EXPECT_FALSE(a.drop);
  const Table table = LeaderboardTable(board);
  const auto value = [&](const std::string& column) {
    const auto place = std::find(table.columns.begin(), table.columns.end(), column);
    return table.rows[2].at(static_cast<size_t>(place - table.columns.begin()));
  };
  for (const char* column : {"top1_mean", "top1_std", "top1_best", "fp32_top1", "drop", "loss"})
    EXPECT_TRUE(value(column).is_null()) << column;
  EXPECT_EQ(value("agreement"), 91);
  EXPECT_EQ(value("score_mean"), 91);
  EXPECT_EQ(value("score_best"), 92);
  EXPECT_EQ(value("ranked_by"), "agreement");
  EXPECT_EQ(value("score_se"), 9);  // the mean of 10 and 8
  EXPECT_NEAR(value("kl_se").get<double>(), 0.06, 1e-12);
  EXPECT_EQ(value("test_images"), 100);
}

TEST_F(LeaderboardTest, EveryScoreRanks) {
  for (const auto& [model, metric] :
       {std::pair("maps", std::pair("iou", 80.0)), {"features", {"cosine", 0.98}}}) {
    Cell({.model = model});
    Add();
    FinishUnlabelled(writer, rows.stages, rows.trials.back(), {metric, {"sqnr", 20}});
  }
  const auto board = Leaderboard(Reader(), {});
  ASSERT_EQ(board.size(), 2u);
  EXPECT_EQ(board[0].ranked_by, "cosine");
  EXPECT_EQ(board[0].score_mean, 0.98);
  EXPECT_EQ(board[1].ranked_by, "iou");
}

TEST_F(LeaderboardTest, StatusCountsByState) {
  Done({}, 88);
  Cell({.seed = 1});
  Add();
  const Table table = SweepStatus(Reader(), "demo");
  ASSERT_EQ(table.rows.size(), 1u);
  std::map<std::string, Json> row;
  for (size_t i = 0; i < table.columns.size(); ++i) row[table.columns[i]] = table.rows[0][i];
  EXPECT_EQ(row["trials"], 2);
  EXPECT_EQ(row["done"], 1);
  EXPECT_EQ(row["open"], 1);
  EXPECT_EQ(row["failed"], 0);
  EXPECT_EQ(row["stages"], 7);
  EXPECT_EQ(row["stages_done"], 4);
  EXPECT_EQ(row["seconds"], 4);
}

}  // namespace
}  // namespace zerosweep
