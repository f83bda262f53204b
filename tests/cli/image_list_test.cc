// Pictures of one's own in a list and without classes, from files to every report.
#include <gmock/gmock.h>

#include "tests/support/command_line.h"

namespace zerosweep {
namespace {
namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

class ListedImagesTest : public testing::Test {
 protected:
  ListedImagesTest() {
    for (const auto& [name, golden] : {std::pair("images/a.tif", "other_formats/rgb.tif"),
                                       {"images/b.webp", "other_formats/lossy.webp"},
                                       {"images/c.bmp", "other_formats/rgb.bmp"},
                                       {"images/d.png", "image_folder/small.png"},
                                       {"calibration/e.jpg", "image_folder/landscape.jpg"},
                                       {"calibration/f.jpg", "image_folder/turned.jpg"}}) {
      fs::create_directories((line_ / "photos" / name).parent_path());
      fs::copy_file(SourceFolder() / "tests/golden" / golden, line_ / "photos" / name);
    }
    line_.Write("photos/net.safetensors", TinyWeights(/*classes=*/3).Bytes());
    line_.Write("photos/net.json", Json({{"name", "net"},
                                         {"arch", "resnet20_cifar_a"},
                                         {"dataset", "image_list"},
                                         {"classes", 3},
                                         {"input_shape", {3, 32, 32}},
                                         {"mean", {0.5, 0.5, 0.5}},
                                         {"std", {0.25, 0.25, 0.25}}})
                                       .dump());
    line_.Write("sweep.yaml",
                "name: own\ndata: photos\nprofile: smoke\nfixed: {model: {file: net.safetensors}}\n"
                "grid: {method: [{recipe: noise, synthesize: {images: 2}}, {recipe: real, "
                "synthesize: {images: 2}}], bits: [w8a8, "
                "w2a8]}\nseeds: [0, 1]\n");
  }

  Finished Run(const std::vector<std::string>& more = {}) {
    std::vector<std::string> words = {"run", line_ / "sweep.yaml"};
    words.insert(words.end(), more.begin(), more.end());
    return line_.Do(words);
  }
  Json Board() { return line_.Do({"leaderboard", "--format", "json"}).json(); }
  // A metric of the evaluate stages.
  Json Metrics(const std::string& name) const {
    return line_.Query("SELECT value FROM v_metric WHERE kind = 'evaluate' AND name = '" + name +
                       "' ORDER BY value");
  }

  CommandLine line_;
};

TEST_F(ListedImagesTest, WithoutClassesEveryReportRanksByAgreement) {
  const Finished run = Run();
  ASSERT_EQ(run.code, 0) << run.err;
  const Json rows = Board();
  ASSERT_EQ(rows.size(), 4u);
  for (const Json& row : rows) {
    EXPECT_EQ(row.at("ranked_by"), "agreement");
    EXPECT_TRUE(row.at("top1_mean").is_null());
    EXPECT_TRUE(row.at("fp32_top1").is_null());
    EXPECT_EQ(row.at("agreement"), row.at("score_mean"));
    EXPECT_GE(row.at("kl").get<double>(), 0);
    EXPECT_EQ(row.at("test_images"), 4);
    EXPECT_GE(row.at("score_se").get<double>(), 0);
    EXPECT_GE(row.at("kl_se").get<double>(), 0);
  }
  // Two bits lose more than eight.
  EXPECT_EQ(rows[0].at("w_bits"), 8);
  EXPECT_GT(rows[0].at("sqnr").get<double>(), rows[3].at("sqnr").get<double>());
  EXPECT_TRUE(rows[0].at("to_real").is_number() || rows[1].at("to_real").is_number());

  const std::string board = line_.Do({"leaderboard"}).out;
  EXPECT_THAT(board, HasSubstr("agreement %"));
  EXPECT_THAT(board, HasSubstr("rows without top-1 have no labels: they are ranked by agreement"));
  EXPECT_THAT(board, Not(HasSubstr("top-1 %")));
  EXPECT_EQ(line_.Do({"leaderboard", "--wide"}).code, 0);
  for (const char* ending : {"html", "md", "tex", "csv", "json"}) {
    const std::string file = line_ / (std::string("report.") + ending);
    const Finished report = line_.Do({"report", "own", "-o", file});
    EXPECT_EQ(report.code, 0) << ending << report.err;
    EXPECT_THAT(Contents(file), HasSubstr("agreement")) << ending;
  }
  EXPECT_THAT(Contents(line_ / "report.html"), HasSubstr("Agreement with FP32 against bits"));
  EXPECT_EQ(line_.Do({"compare"}).code, 0);
  const Finished versus = line_.Do({"compare", "own", "--versus", "noise"});
  EXPECT_EQ(versus.code, 0) << versus.err;
  EXPECT_EQ(line_.Do({"status", "own"}).code, 0);
  const std::string trial = line_.Query("SELECT trial FROM v_trial").at(0).at("trial");
  EXPECT_EQ(line_.Do({"explain", trial.substr(0, 12)}).code, 0);
}

TEST_F(ListedImagesTest, AnotherRightClassIsRightAndFidelityComesOnDemand) {
  // With every class right, every prediction is.
  line_.Write("photos/labels.csv",
              "file,class,also_right\nd.png,0,1 2\nb.webp,1,0;2\nc.bmp,2,0 1\na.tif,0,2 1\n");
  ASSERT_EQ(Run({"--set", "seeds=[0]"}).code, 0);
  for (const Json& row : Board()) {
    EXPECT_EQ(row.at("ranked_by"), "top1");
    EXPECT_EQ(row.at("top1_mean"), 100);
    EXPECT_EQ(row.at("fp32_top1"), 100);
    EXPECT_TRUE(row.at("kl").is_null());
    EXPECT_EQ(row.at("score_se"), 0);
  }
  const Json before = Metrics("agreement");
  ASSERT_EQ(Run({"--set", "evaluate.fidelity=true", "--set", "seeds=[0]"}).code, 0);
  EXPECT_EQ(Metrics("kl").size(), Metrics("sqnr").size());
  EXPECT_FALSE(Metrics("kl").empty());
  EXPECT_EQ(Metrics("agreement").size(), 2 * before.size());
  for (const Json& row : Board()) EXPECT_EQ(row.at("top1_mean"), 100);
}

TEST_F(ListedImagesTest, TheKindOfOutputIsCheckedAndEmbeddingsAreCompared) {
  line_.Write("photos/net.json",
              Json::parse(Contents(line_ / "photos/net.json"))
                  .patch(Json::parse(R"([{"op":"add","path":"/output","value":"dense"}])"))
                  .dump());
  const Finished dense = Run({"--set", "seeds=[0]"});
  EXPECT_EQ(dense.code, 1);
  EXPECT_THAT(dense.err, HasSubstr("the network gives outputs of 2 dimensions, those of kind dense "
                                   "have 4: say output: classes or embedding"));
  line_.Write("photos/net.json",
              Json::parse(Contents(line_ / "photos/net.json"))
                  .patch(Json::parse(R"([{"op":"replace","path":"/output","value":"embedding"}])"))
                  .dump());
  const Finished embedding = Run({"--set", "seeds=[0]"});
  ASSERT_EQ(embedding.code, 0) << embedding.err;
  for (const Json& row : Board()) {
    EXPECT_EQ(row.at("ranked_by"), "cosine");
    EXPECT_GT(row.at("cosine").get<double>(), 0);
    EXPECT_LE(row.at("cosine").get<double>(), 1 + 1e-9);
    EXPECT_TRUE(row.at("agreement").is_null());
  }
  EXPECT_THAT(line_.Do({"leaderboard"}).out, HasSubstr("embeddings are ranked by their cosine"));
  EXPECT_EQ(line_.Do({"report", "own", "-o", line_ / "report.html"}).code, 0);
}

TEST_F(ListedImagesTest, DatasetsListsThem) {
  line_.SetEnvironment("ZEROSWEEP_DATA", line_ / "photos");
  const Json rows = line_.Do({"datasets", "--format", "json"}).json();
  for (const Json& row : rows) {
    if (row.at("dataset") != "image_list") continue;
    EXPECT_THAT(row.at("layout").get<std::string>(), HasSubstr("labels.csv"));
    EXPECT_EQ(row.at("splits"), Json::array({"calibration", "test"}));
    return;
  }
  FAIL() << rows;
}

}  // namespace
}  // namespace zerosweep
