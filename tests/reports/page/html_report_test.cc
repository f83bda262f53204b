#include "reports/page/html_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include <set>

#include "base/error.h"
#include "base/files.h"
#include "reports/page/write_report.h"
#include "tests/support/results_home.h"

namespace zerosweep {
namespace {

using testing::HasSubstr;
using testing::Not;

size_t Count(const std::string& text, const std::string& word) {
  size_t count = 0;
  for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++count;
  return count;
}

std::string Between(const std::string& text, const std::string& from, const std::string& to) {
  const size_t start = text.find(from) + from.size();
  return text.substr(start, text.find(to, start) - start);
}

struct HtmlReportTest : testing::Test, ResultsHome {
  std::string Page() {
    return HtmlReport(ReadReport(Reader(), "demo", {}), "2026-01-02T03:04:05Z");
  }
  void FailTrial(const CellRow& cell, const std::string& message) {
    const std::string stage = rows.NameOf(Cell(cell), "synthesize");
    Add();
    writer.StartAttempt({.id = "failing", .stage = stage, .worker = "w", .device = "cpu"});
    writer.FailAttempt({.attempt = "failing",
                        .stage = stage,
                        .failure = Failure::kCrash,
                        .message = message,
                        .log_tail = "",
                        .final = true});
  }
};

TEST_F(HtmlReportTest, HoldsTheLeaderboardPlotsFailuresAndCurves) {
  for (const double bits : {8.0, 4.0}) Done({.w_bits = bits, .a_bits = bits}, 80 + bits);
  writer.AddCurve(rows.NameOf(rows.trials[0], "synthesize"), "loss", {0, 1, 2}, {4, 2, 0.5});
  FailTrial({.method = "broken", .seed = 3}, "ran out of paint");
  const std::string page = Page();
  EXPECT_THAT(page, HasSubstr("<td>W8A8</td>"));
  EXPECT_THAT(page, HasSubstr("88.00"));
  EXPECT_THAT(page, HasSubstr("ran out of paint"));
  EXPECT_THAT(page, HasSubstr("2026-01-02T03:04:05Z"));
  EXPECT_THAT(page, HasSubstr("zeroq, seed 0: loss: 4 → 0.5"));
  EXPECT_EQ(Count(page, "<svg role"), 2u);  // one plot, one curve
  EXPECT_EQ(Count(page, "<title>"), 1u + 2u + 1u);
  EXPECT_EQ(Count(page, "<details>"), 1u);
}

TEST_F(HtmlReportTest, StoredTextNeverBecomesMarkup) {
  Done({.dataset = "<img src=x onerror=alert(1)>", .method = "<script>alert(1)</script>"}, 88);
  FailTrial({.method = "\"><script>alert(2)</script>"}, "</td></table><script>alert(3)</script>");
  const std::string page = Page();
  EXPECT_EQ(Count(page, "<script>"), 1u);
  EXPECT_EQ(Count(page, "<script"), 2u);  // and the data of the page
  EXPECT_EQ(Count(page, "</script>"), 2u);
  EXPECT_THAT(page, Not(HasSubstr("<img")));
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert(1)&lt;/script&gt;"));
}

// The hash is computed anew with OpenSSL's own base64.
std::string PolicySource(const std::string& text) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  unsigned char base64[64];
  EVP_EncodeBlock(base64, digest, SHA256_DIGEST_LENGTH);
  return "'sha256-" + std::string(reinterpret_cast<const char*>(base64)) + "'";
}

TEST_F(HtmlReportTest, AllowsItsOwnStyleAndScriptAndNothingElse) {
  Done({}, 88);
  const std::string page = Page();
  const std::string policy = Between(page, "Content-Security-Policy\" content=\"", "\"");
  EXPECT_THAT(policy, testing::StartsWith("default-src 'none'"));
  EXPECT_THAT(policy, HasSubstr("style-src " + PolicySource(Between(page, "<style>", "</style>"))));
  EXPECT_THAT(policy,
              HasSubstr("script-src " + PolicySource(Between(page, "<script>", "</script>"))));
  EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
  for (const char* outside : {"http://", "https://", "src=", "url(", " style=", "onclick"}) {
    EXPECT_THAT(page, Not(HasSubstr(outside)));
  }
}

TEST_F(HtmlReportTest, EachAccuracyKnowsItsOrigin) {
  for (const int64_t seed : {0, 1}) Done({.seed = seed}, 88 + static_cast<double>(seed));
  const std::string page = Page();
  const Json known = ParseJson(
      Between(page, "<script type=\"application/json\" id=provenance>", "</script>"), "the page");
  const std::string row = Between(page, "class=why value=\"", "\"");
  const Json& trials = known.at("rows").at(row).at("trials");
  ASSERT_EQ(trials.size(), 2u);
  EXPECT_EQ(trials[1].at("trial"), rows.trials[1].id.substr(0, 12));
  EXPECT_EQ(trials[1].at("score"), 89);
  ASSERT_EQ(trials[1].at("stages").size(), 4u);
  std::set<std::string> names;
  for (const Json& id : trials[1].at("stages"))
    names.insert(known.at("stages").at(std::to_string(id.get<int>())).at("stage"));
  for (const char* kind : {"teacher", "synthesize", "quantize", "evaluate"})
    EXPECT_TRUE(names.contains(rows.NameOf(rows.trials[1], kind).substr(0, 12))) << kind;
  EXPECT_EQ(known.at("machines").begin()->at("cpu"), "test");
  EXPECT_EQ(known.at("rows").at(row).at("config").at("method"), "zeroq");
}

TEST_F(HtmlReportTest, TellsTwelveSeedsOfARowAndHowManyMoreThereAre) {
  for (int64_t seed = 0; seed < 14; ++seed) Done({.seed = seed}, 88);
  const ReportData data = ReadReport(Reader(), "demo", {});
  const Json& row = data.provenance.at("rows").begin().value();
  EXPECT_EQ(row.at("trials").size(), 12u);
  EXPECT_EQ(row.at("more"), 2);
}

TEST_F(HtmlReportTest, APageOfVeryManyRowsSaysWhatItLeavesOut) {
  ReportData data;
  for (int64_t i = 0; i < 1200; ++i) {
    LeaderboardRow& row = data.rows.emplace_back();
    row.configuration = i;
    row.dataset = "cifar10";
    row.model = fmt::format("network_{}", i / 600);
    row.bits = "w4a4";
    row.means["size_bytes"] = 1e6 + static_cast<double>(i);
    row.score_mean = 50 + static_cast<double>(i) / 100;
  }
  data.provenance["rows"] = {{"0", Json::object()}};
  const std::string page = HtmlReport(data, "now");
  EXPECT_EQ(Count(page, "<td class=n>61.99</td>"), 1u);  // in the leaderboard
  EXPECT_THAT(page, HasSubstr("Drawn: 1 of 2 networks;"));
  EXPECT_THAT(page, HasSubstr("Origins are kept of the first 1 of 1200 rows."));
}

TEST_F(HtmlReportTest, SaysOnceWhatIsTheSameInEveryRow) {
  Done({}, 88);
  Done({.method = "dsg"}, 87);
  EXPECT_THAT(Page(), HasSubstr("<p>All rows: dataset cifar10 · model resnet20 · FP32 % 90.00 · "
                                "protocol zeroq · settings the paper&#39;s are not known.</p>"));
  Done({.model = "resnet56"}, 88);
  EXPECT_THAT(Page(), HasSubstr("<td>resnet56</td>"));
}

TEST_F(HtmlReportTest, DocumentsSayWhatIsNotThePapersAndWhatTrainingWentThrough) {
  PaperSettings papers;
  papers.parts[{"synthesizer zeroq", "code"}] = {{"images", 1024}, {"iterations", 500}};
  papers.parts[{"quantizer minmax", "code"}] = Json::object();
  Done({.params = {{"images", 256}, {"iterations", 500}}}, 88);
  Done({.params = {{"images", 256}, {"iterations", 7}}}, 87);
  const auto written = [&](const char* name) {
    WriteReport(Reader(), "demo", papers, folder / name);
    return ReadFile(folder / name);
  };
  const std::string html = written("r.html");
  EXPECT_THAT(html, HasSubstr("· settings images 256.</p>"));
  EXPECT_THAT(html, HasSubstr("<td>iterations 7</td>"));
  EXPECT_THAT(html, HasSubstr("<td class=n>51200</td>"));
  const std::string markdown = written("r.md");
  EXPECT_THAT(markdown, HasSubstr("\n\nsettings of all rows: images 256\n\n| dataset |"));
  EXPECT_THAT(markdown, HasSubstr("| zeroq | iterations 7 | 87.00 |"));
  EXPECT_THAT(markdown, HasSubstr("| images seen | Σ lr·KD | real images | protocol |"));
  EXPECT_THAT(markdown, HasSubstr("| 51200 | 0.75 | 10 | zeroq |"));
  const std::string latex = written("r.tex");
  EXPECT_THAT(latex, HasSubstr("\n\\noindent{\\footnotesize settings of all rows: images 256}\n"));
  EXPECT_THAT(latex, HasSubstr("zeroq & iterations 7 & 87.00"));
  const Json rows = ParseJson(written("r.json"), "r.json");
  EXPECT_EQ(rows[1].at("settings"), Json({"iterations=7", "images=256"}));
  EXPECT_EQ(rows[1].at("papers"), Json({{"iterations", 500}, {"images", 1024}}));
  EXPECT_EQ(rows[0].at("settings"), Json({"images=256"}));
  EXPECT_THAT(written("r.csv"), HasSubstr("\"[\"\"iterations=7\"\",\"\"images=256\"\"]\""));
}

TEST_F(HtmlReportTest, AnEmptySweepIsAPageToo) {
  Cell({});
  Add();
  EXPECT_THAT(Page(), HasSubstr("No trial is done yet"));
}

TEST_F(HtmlReportTest, TheEndingChoosesTheFormat) {
  Done({.method = "a_b & c|d", .protocol = "zeroq"}, 88);
  Done({.protocol = "genie"}, 89);
  const auto written = [this](const char* name) {
    WriteReport(Reader(), "demo", {}, folder / name);
    return ReadFile(folder / name);
  };
  EXPECT_THAT(written("r.html"), testing::StartsWith("<!doctype html>"));
  EXPECT_THAT(written("r.md"), HasSubstr("a\\_b & c\\|d"));
  EXPECT_THAT(written("r.md"), HasSubstr("protocols, test images or teachers differ"));
  EXPECT_THAT(written("r.tex"), HasSubstr("a\\_b \\& c\\textbar{}d"));
  EXPECT_THAT(written("r.tex"), HasSubstr("\\toprule"));
  EXPECT_THAT(written("r.csv"), testing::StartsWith("sweep,dataset,model,method,w_bits"));
  const Json rows = ParseJson(written("r.json"), "r.json");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].at("top1_mean"), 89);
  EXPECT_TRUE(rows[0].at("published").is_null());
  try {
    WriteReport(Reader(), "demo", {}, folder / "r.docx");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_THAT(error.what(), HasSubstr(".html"));
  }
}

}  // namespace
}  // namespace zerosweep
