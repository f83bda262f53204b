#include "base/text.h"

#include <gtest/gtest.h>

namespace zerosweep {
namespace {

TEST(TextTest, SuggestsTheNearestWordOrListsAll) {
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3U);
  EXPECT_EQ(Suggestion("itertions", {"images", "iterations"}), ", did you mean 'iterations'?");
  EXPECT_EQ(Suggestion("zzzzzz", {"images", "lr"}), " (known: images, lr)");
}

TEST(TextTest, SecondsAndBytesForPeople) {
  EXPECT_EQ(HumanSeconds(0.0123), "12 ms");
  EXPECT_EQ(HumanSeconds(0.9996), "1.0 s");
  EXPECT_EQ(HumanSeconds(59.96), "1 min 00 s");
  EXPECT_EQ(HumanSeconds(3725), "1 h 02 min");
  EXPECT_EQ(HumanBytes(999), "999 B");
  EXPECT_EQ(HumanBytes(1.1e6), "1.1 MB");
}

TEST(TextTest, SecretsAreRedacted) {
  EXPECT_EQ(Redact("GITHUB_TOKEN=abc x"), "GITHUB_TOKEN=[redacted] x");
  EXPECT_EQ(Redact("{\"api_key\": \"abc\"}"), "{\"api_key\": \"[redacted]\"}");
  EXPECT_EQ(Redact("nothing here"), "nothing here");
  EXPECT_EQ(Redact("my-Secret-2 : 'a b', key=\"\" x"), "my-Secret-2 : '[redacted] b', key=\"\" x");
  EXPECT_EQ(Redact("key=token=abc;PASSWORD: x"), "key=[redacted];PASSWORD: [redacted]");
  EXPECT_EQ(Redact("the key is here: x"), "the key is here: x");
  EXPECT_EQ(Redact("TOKEN="), "TOKEN=");
}

TEST(TextTest, ALineOfAnyLengthIsRedacted) {
  const std::string word(100'000, 'x');
  EXPECT_EQ(Redact(word), word);
  EXPECT_EQ(Redact(word + "KEY=" + word), word + "KEY=[redacted]");
  EXPECT_EQ(Redact("KEY" + std::string(100'000, ' ')), "KEY" + std::string(100'000, ' '));
}

TEST(TextTest, Utf8IsToldFromOtherBytes) {
  for (const char* text : {"", "café", "€", "😀", "\x7f", "\xed\x9f\xbf", "\xf4\x8f\xbf\xbf"})
    EXPECT_TRUE(IsUtf8(text)) << ShownBytes(text);
  for (const char* text : {"caf\xe9", "\xff", "\xc0\xaf", "\xe2\x82", "\xed\xa0\x80",
                           "\xf4\x90\x80\x80", "\x80", "\xe0\x80\x80", "\xf8\x88\x80\x80\x80"})
    EXPECT_FALSE(IsUtf8(text)) << ShownBytes(text);
  EXPECT_EQ(ShownBytes("caf\xe9/\n€"), "caf\\xe9/\\x0a€");
}

TEST(TextTest, TextIsCutBetweenCharacters) {
  EXPECT_EQ(FirstColumns("äöü", 2), "äö");
  EXPECT_EQ(FirstColumns("äöü", 9), "äöü");
  EXPECT_EQ(FirstColumns("äöü", -5), "ä") << "a window without columns";
}

}  // namespace
}  // namespace zerosweep
