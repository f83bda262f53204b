// The report in a real browser.
#include "tests/support/browser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/files.h"
#include "reports/page/html_report.h"
#include "tests/support/results_home.h"

namespace zerosweep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kHostile = "</script><script>document.title='gone'</script><img src=x>";

struct BrowserTest : testing::Test, ResultsHome {
  void SetUp() override {
    if (!Browser::IsThere()) GTEST_SKIP() << Browser::kProgram << " is not installed";
    double top1 = 80;
    for (const char* method : {"zeroq", "genie", kHostile}) {
      for (const double bits : {8.0, 4.0}) {
        for (const int64_t seed : {0, 1})
          Done({.method = method, .w_bits = bits, .a_bits = bits, .seed = seed}, top1 += 0.5);
      }
    }
    WriteFileAtomically(page, HtmlReport(ReadReport(Reader(), "demo", {}), "2026-01-02T03:04:05Z"));
  }
  // The text of a column of the rows that are shown, in their order.
  std::vector<std::string> Column(Browser& browser, int column) {
    return browser.Evaluate(
        fmt::format("[...document.querySelector('table.filtered').tBodies[0].rows].filter((row) => "
                    "!row.hidden).map((row) => row.cells[{}].textContent)",
                    column));
  }
  int ColumnOf(Browser& browser, const std::string& name) {
    return browser.Evaluate(fmt::format(
        "[...document.querySelector('table.filtered').tHead.rows[0].cells].findIndex((cell) => "
        "cell.textContent === '{}')",
        name));
  }

  const std::filesystem::path page = folder / "report.html";
};

TEST_F(BrowserTest, LoadsWithoutComplaintAndStoredTextStaysText) {
  Browser browser(folder / "profile");
  browser.Open(page, 1280, 900);
  EXPECT_EQ(browser.Evaluate("document.title"), "demo – Zerosweep");
  EXPECT_EQ(browser.Evaluate("document.querySelectorAll('img').length"), 0);
  EXPECT_EQ(browser.Evaluate("document.querySelectorAll('main script').length"), 0);
  EXPECT_THAT(browser.Evaluate("document.querySelector('main').innerText").get<std::string>(),
              HasSubstr("<script>document.title"));
  EXPECT_THAT(browser.complaints(), IsEmpty());
}

TEST_F(BrowserTest, ThePolicyLetsNothingElseIn) {
  Browser browser(folder / "profile");
  browser.Open(page, 1280, 900);
  browser.Evaluate(
      "document.body.append(Object.assign(document.createElement('script'), {textContent: "
      "'document.title = \"gone\"'}))");
  EXPECT_EQ(browser.Evaluate("document.title"), "demo – Zerosweep");
  EXPECT_THAT(browser.complaints(), ElementsAre(HasSubstr("Content Security Policy")));
}

TEST_F(BrowserTest, HeadingsSort) {
  Browser browser(folder / "profile");
  browser.Open(page, 1280, 900);
  const int top1 = ColumnOf(browser, "top-1 %");
  ASSERT_GE(top1, 0);
  const auto press = [&] {
    browser.Evaluate(fmt::format(
        "document.querySelector('table.filtered').tHead.rows[0].cells[{}].querySelector('button')"
        ".click()",
        top1));
  };
  press();
  const std::vector<std::string> ascending = Column(browser, top1);
  ASSERT_EQ(ascending.size(), 6u);
  EXPECT_TRUE(std::is_sorted(ascending.begin(), ascending.end()));
  press();
  EXPECT_EQ(Column(browser, top1), std::vector(ascending.rbegin(), ascending.rend()));
  EXPECT_EQ(browser.Evaluate("document.querySelector('[aria-sort]').ariaSort"), "descending");
  EXPECT_THAT(browser.complaints(), IsEmpty());
}

TEST_F(BrowserTest, FiltersChooseRows) {
  Browser browser(folder / "profile");
  browser.Open(page, 1280, 900);
  const int bits = ColumnOf(browser, "bits"), method = ColumnOf(browser, "method");
  EXPECT_EQ(browser.Evaluate("document.querySelector('output').textContent"), "6 of 6 rows");
  browser.Evaluate(
      "{const select = [...document.querySelectorAll('.filters label')].find((label) => "
      "label.textContent.startsWith('bits')).querySelector('select'); select.value = 'W4A4'; "
      "select.dispatchEvent(new Event('change'));}");
  EXPECT_THAT(Column(browser, bits), ElementsAre("W4A4", "W4A4", "W4A4"));
  browser.Evaluate(
      "{const find = document.querySelector('input[type=search]'); find.value = 'GENIE'; "
      "find.dispatchEvent(new Event('input'));}");
  EXPECT_THAT(Column(browser, method), ElementsAre("genie"));
  EXPECT_EQ(browser.Evaluate("document.querySelector('output').textContent"), "1 of 6 rows");
  EXPECT_THAT(browser.complaints(), IsEmpty());
}

TEST_F(BrowserTest, AnAccuracyTellsItsOrigin) {
  Browser browser(folder / "profile");
  browser.Open(page, 1280, 900);
  browser.Evaluate("document.querySelector('button.why').click()");
  EXPECT_EQ(browser.Evaluate("document.querySelector('dialog').open"), true);
  const std::string told =
      browser.Evaluate("document.querySelector('dialog').innerText").get<std::string>();
  // The last method is the best; the leaderboard begins with eight bits.
  const TrialRow& trial = rows.trials.at(rows.trials.size() - 3);
  EXPECT_THAT(told, HasSubstr("<script>document.title"));
  EXPECT_THAT(told, HasSubstr(trial.id.substr(0, 12)));
  EXPECT_THAT(told, HasSubstr(rows.NameOf(trial, "quantize").substr(0, 12)));
  EXPECT_EQ(browser.Evaluate("document.querySelectorAll('dialog img').length"), 0);
  browser.Evaluate("document.querySelector('dialog > button').click()");
  EXPECT_EQ(browser.Evaluate("document.querySelector('dialog').open"), false);
  EXPECT_THAT(browser.complaints(), IsEmpty());
}

// What stands out of a phone's window scrolls inside its own box.
TEST_F(BrowserTest, FitsAPhoneLightAndDark) {
  Browser browser(folder / "profile");
  for (const bool dark : {false, true}) {
    browser.Open(page, 390, 844, dark);
    EXPECT_LE(browser.Evaluate("document.documentElement.scrollWidth").get<int>(), 390);
    const std::string ground =
        browser.Evaluate("getComputedStyle(document.body).backgroundColor").get<std::string>();
    EXPECT_EQ(ground, dark ? "rgb(22, 24, 28)" : "rgb(255, 255, 255)");
  }
  EXPECT_THAT(browser.complaints(), IsEmpty());
}

// Contrast of text to its ground after WCAG 2: at least 4.5, and 3 for what plots are drawn with.
TEST_F(BrowserTest, ContrastAndNamesForThoseWhoDoNotSeeIt) {
  Browser browser(folder / "profile");
  constexpr const char* kContrast = R"js((() => {
    const style = getComputedStyle(document.documentElement);
    const luminance = (name) => {
      const hex = style.getPropertyValue(name).trim().replace(/^#(.)(.)(.)$/, "#$1$1$2$2$3$3");
      const [r, g, b] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255)
          .map((c) => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const contrast = (name) => {
      const [low, high] = [luminance(name), luminance("--ground")].sort((a, b) => a - b);
      return (high + 0.05) / (low + 0.05);
    };
    return Object.fromEntries(["--text", "--dim", "--c0", "--c1", "--c2", "--c3", "--c4", "--c5",
                               "--c6", "--c7"].map((name) => [name, contrast(name)]));
  })())js";
  for (const bool dark : {false, true}) {
    browser.Open(page, 1280, 900, dark);
    const Json contrasts = browser.Evaluate(kContrast);
    for (const auto& [name, contrast] : contrasts.items()) {
      EXPECT_GE(contrast.get<double>(), name.starts_with("--c") ? 3 : 4.5) << name << dark;
    }
  }
  EXPECT_EQ(browser.Evaluate("[...document.querySelectorAll('th')].filter((th) => "
                             "!th.hasAttribute('scope')).length"),
            0);
  EXPECT_EQ(browser.Evaluate("[...document.querySelectorAll('svg[role=img]')].filter((svg) => "
                             "!svg.querySelector('title, desc')).length"),
            0);
  EXPECT_EQ(browser.Evaluate("[...document.querySelectorAll('img')].filter((img) => !img.alt)"
                             ".length"),
            0);
}

}  // namespace
}  // namespace zerosweep
