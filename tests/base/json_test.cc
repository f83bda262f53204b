#include "base/json.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "base/hash.h"

namespace zerosweep {
namespace {

TEST(JsonTest, CanonicalTextSortsKeysAndKeepsTypesApart) {
  EXPECT_EQ(CanonicalJson({{"b", 1}, {"a", {true, nullptr, "x"}}}),
            R"({"a":[true,null,"x"],"b":1})");
  EXPECT_EQ(CanonicalJson(1.0), "1.0");
  EXPECT_EQ(CanonicalJson(1), "1");
  EXPECT_EQ(CanonicalJson(-3), "-3");
}

TEST(JsonTest, DoublesAreTheShortestTextThatReadsBack) {
  for (const auto& [value, text] :
       std::initializer_list<std::pair<double, const char*>>{{0.1, "0.1"},
                                                             {1e-8, "1e-08"},
                                                             {0.5, "0.5"},
                                                             {1e300, "1e+300"},
                                                             {1.0 / 3, "0.3333333333333333"}}) {
    EXPECT_EQ(CanonicalJson(value), text);
    EXPECT_EQ(std::stod(CanonicalJson(value)), value);
  }
}

TEST(JsonTest, WhatHasNoCanonicalTextIsRefused) {
  EXPECT_THROW(CanonicalJson(std::nan("")), Error);
  EXPECT_THROW(CanonicalJson(INFINITY), Error);
  EXPECT_THROW(CanonicalJson("\xff"), Error);
}

TEST(JsonTest, DigestDoesNotDependOnTheOrderOfInsertion) {
  Json a, b;
  a["x"] = 1;
  a["y"] = 2;
  b["y"] = 2;
  b["x"] = 1;
  EXPECT_EQ(JsonDigest(a), JsonDigest(b));
  EXPECT_NE(JsonDigest(a), JsonDigest({{"x", 1.0}, {"y", 2}}));
}

TEST(JsonTest, ParseNamesItsOrigin) {
  try {
    ParseJson("{\"a\": }", "card.json");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_STREQ(error.what(), "card.json: not valid JSON at byte 7");
  }
}

// FIPS 180-4, examples of SHA-256.
TEST(JsonTest, Sha256OfKnownTexts) {
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256Hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

}  // namespace
}  // namespace zerosweep
