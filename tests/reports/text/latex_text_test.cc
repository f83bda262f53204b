#include "reports/text/latex_text.h"

#include <gtest/gtest.h>

namespace zerosweep {
namespace {

TEST(LatexTextTest, CommandsAndSpecialCharactersAreText) {
  EXPECT_EQ(LatexText("a_b 50 % & #1 $x$ {y}"), "a\\_b 50 \\% \\& \\#1 \\$x\\$ \\{y\\}");
  EXPECT_EQ(LatexText("\\input{/etc/passwd}"), "\\textbackslash{}input\\{/etc/passwd\\}");
  EXPECT_EQ(LatexText("~^<>|"),
            "\\textasciitilde{}\\textasciicircum{}\\textless{}\\textgreater{}\\textbar{}");
  EXPECT_EQ(LatexText("two\nlines\t\x1b"), "two lines  ");
}

TEST(LatexTextTest, NothingBecomesAnArgumentOrADash) {
  EXPECT_EQ(LatexText("[2cm] [x]"), "{}[2cm] [x]");
  EXPECT_EQ(LatexText("* x *"), "{}* x *");
  EXPECT_EQ(LatexText("a--b---c"), "a-{}-b-{}-{}-c");
}

TEST(LatexTextTest, UnicodeIsShownOrNamed) {
  EXPECT_EQ(LatexText("88 ± 0.1 – Ω…"), "88 $\\pm$ 0.1 -- $\\Omega$\\ldots{}");
  EXPECT_EQ(LatexText("Müller ß"), "Müller ß");
  EXPECT_EQ(LatexText("中 😀 ð"), "[U+4E2D] [U+1F600] [U+00F0]");
}

TEST(LatexTextTest, BytesThatAreNoUtf8AreNamed) {
  EXPECT_EQ(LatexText("a\xff"
                      "b"),
            "a[U+FFFD]b");
  EXPECT_EQ(LatexText("\xe4\xb8"), "[U+FFFD][U+FFFD]") << "cut off";
  EXPECT_EQ(LatexText("\xc3("), "[U+FFFD](");
}

}  // namespace
}  // namespace zerosweep
