#include "reports/text/table_text.h"

#include <gtest/gtest.h>

#include <limits>

namespace zerosweep {
namespace {

const Table& Sample() {
  static const Table table{
      {"name", "value"},
      {{"a,\"b\"\n", 1.5}, {nullptr, 4}, {"\xff", nullptr}, {"x", Json::array({1, 2})}},
      false};
  return table;
}

TEST(TableTextTest, JsonKeepsTypesAndOrderOfColumns) {
  const std::string text = TableAsJson(Sample());
  EXPECT_LT(text.find("\"name\""), text.find("\"value\""));
  const Json rows = Json::parse(text);
  EXPECT_EQ(rows[0], (Json{{"name", "a,\"b\"\n"}, {"value", 1.5}}));
  EXPECT_EQ(rows[1], (Json{{"name", nullptr}, {"value", 4}}));
  EXPECT_EQ(rows[2]["name"], "\xef\xbf\xbd");  // what is not UTF-8
  EXPECT_EQ(rows[3]["value"], Json::array({1, 2}));
  EXPECT_EQ(Json::parse(TableAsJson({{"a"}, {}, false})), Json::array());
  EXPECT_EQ(Json::parse(TableAsJson({{"a"}, {{Json::binary({0xab})}}, false}))[0]["a"], "ab");
}

TEST(TableTextTest, CsvQuotesWhatNeedsIt) {
  const Table table{{"a", "b"}, {{"x,y", "say \"hi\""}, {nullptr, 2}, {"two\nlines", 0.25}}, false};
  EXPECT_EQ(TableAsCsv(table), "a,b\n\"x,y\",\"say \"\"hi\"\"\"\n,2\n\"two\nlines\",0.25\n");
}

TEST(TableTextTest, CsvHoldsNoFormulas) {
  const Table table{{"=a", "b"},
                    {{"=1+1.pth", -1.5},
                     {"@x", 2},
                     {"-2+3", "-2"},
                     {"+cmd|' /C calc'!A0", "+0.25"},
                     {"\tx", "1e-3"},
                     {"\rx", "a=b"},
                     {"=\"x\",1", "-"},
                     {"-1.5 ± 0.1", Json::array({-1})}},
                    false};
  EXPECT_EQ(TableAsCsv(table),
            "'=a,b\n'=1+1.pth,-1.5\n'@x,2\n'-2+3,-2\n'+cmd|' /C calc'!A0,+0.25\n'\tx,1e-3\n"
            "\"'\rx\",a=b\n\"'=\"\"x\"\",1\",'-\n'-1.5 ± 0.1,[-1]\n");
  EXPECT_EQ(Json::parse(TableAsJson(table))[0]["=a"], "=1+1.pth") << "JSON is exact";
}

TEST(TableTextTest, EveryColumnAndValueIsKept) {
  const double infinity = std::numeric_limits<double>::infinity();
  const Table table{
      {"a", "a", "a:2", "a"}, {{1, 2, 3, infinity}, {4, -infinity, 6, nullptr}}, false};
  const Json rows = Json::parse(TableAsJson(table));
  EXPECT_EQ(rows[0], (Json{{"a", 1}, {"a:2", 2}, {"a:2:2", 3}, {"a:3", "inf"}}));
  EXPECT_EQ(rows[1].at("a:2"), "-inf");
  EXPECT_EQ(TableAsCsv(table), "a,a,a:2,a\n1,2,3,inf\n4,-inf,6,\n");
}

TEST(TableTextTest, MarkdownAndLatexEscape) {
  const Table table{{"a_b", "n"}, {{"about 50 % | <i> $x$ ±", "1.5"}}, false};
  EXPECT_EQ(TableAsMarkdown(table),
            "| a\\_b | n |\n|---|---:|\n| about 50 % \\| \\<i\\> $x$ ± | 1.5 |\n");
  EXPECT_EQ(TableAsLatex(table),
            "% \\usepackage{booktabs}\n\\begin{tabular}{lr}\n\\toprule\na\\_b & n \\\\\n\\midrule\n"
            "about 50 \\% \\textbar{} \\textless{}i\\textgreater{} \\$x\\$ $\\pm$ & 1.5 "
            "\\\\\n\\bottomrule\n\\end{tabular}\n");
}

TEST(TableTextTest, DifferencesWithASignAreNumbers) {
  EXPECT_TRUE(IsNumericColumn({{"a"}, {{"+0.08"}, {"-0.01"}, {"–"}}, false}, 0));
  EXPECT_FALSE(IsNumericColumn({{"a"}, {{"+"}}, false}, 0));
}

TEST(TableTextTest, NumericColumnsAreFoundByTheirCells) {
  const Table table{
      {"a", "b", "c", "d"}, {{1, "2.5 ± 1", "8f3a", nullptr}, {nullptr, "–", 1, nullptr}}, false};
  EXPECT_TRUE(IsNumericColumn(table, 0));
  EXPECT_TRUE(IsNumericColumn(table, 1));
  EXPECT_FALSE(IsNumericColumn(table, 2));
  EXPECT_FALSE(IsNumericColumn(table, 3));
}

}  // namespace
}  // namespace zerosweep
