#include "reports/text/base64.h"

#include <gtest/gtest.h>

namespace zerosweep {
namespace {

// RFC 4648, section 10.
TEST(Base64Test, GivesTheStandardsTestVectors) {
  const char* const vectors[][2] = {{"", ""},
                                    {"f", "Zg=="},
                                    {"fo", "Zm8="},
                                    {"foo", "Zm9v"},
                                    {"foob", "Zm9vYg=="},
                                    {"fooba", "Zm9vYmE="},
                                    {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) EXPECT_EQ(Base64(bytes), text);
  EXPECT_EQ(Base64(std::string_view("\xff\xfe\x00\x80", 4)), "//4AgA==");
}

}  // namespace
}  // namespace zerosweep
