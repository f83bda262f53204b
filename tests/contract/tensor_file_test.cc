#include "contract/tensor_file.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "tests/support/engine/tensor_bytes.h"

namespace zerosweep {
namespace {

TEST(TensorFileTest, EntriesHaveTheirShapesAndValues) {
  const TensorFile file(TensorBytes({{"a", {1.5F, -2.25F}}, {"b", {}}}), "w");
  ASSERT_EQ(file.entries().size(), 2U);
  const TensorFile::Entry& a = file.entries().at("a");
  EXPECT_EQ(a.type, "F32");
  EXPECT_EQ(a.shape, std::vector<int64_t>{2});
  EXPECT_EQ(ElementOf(a, 0), 1.5);
  EXPECT_EQ(ElementOf(a, 1), -2.25);
  EXPECT_TRUE(file.entries().at("b").bytes.empty());
}

// Against the bit patterns of IEEE 754 and of two's complement.
TEST(TensorFileTest, EveryTypeIsReadAsItsNumber) {
  const auto value = [](const std::string& type, const std::string& bytes) {
    return ElementOf({type, {1}, bytes}, 0);
  };
  EXPECT_EQ(value("F64", std::string("\0\0\0\0\0\0\xf8\x3f", 8)), 1.5);
  EXPECT_EQ(value("F16", std::string("\0\x3e", 2)), 1.5);
  EXPECT_EQ(value("F16", std::string("\xff\x7b", 2)), 65504) << "the largest";
  EXPECT_EQ(value("F16", std::string("\1\x80", 2)), -std::ldexp(1, -24)) << "the least";
  EXPECT_EQ(value("F16", std::string("\0\xfc", 2)), -HUGE_VAL);
  EXPECT_TRUE(std::isnan(value("F16", std::string("\1\x7c", 2))));
  EXPECT_EQ(value("BF16", std::string("\xc0\x3f", 2)), 1.5);
  EXPECT_EQ(value("I64", std::string(8, '\xff')), -1);
  EXPECT_EQ(value("I32", std::string("\0\0\0\x80", 4)), -2147483648.0);
  EXPECT_EQ(value("I16", std::string("\xfe\xff", 2)), -2);
  EXPECT_EQ(value("I8", "\x80"), -128);
  EXPECT_EQ(value("U8", "\x80"), 128);
  EXPECT_EQ(value("BOOL", "\1"), 1);
  EXPECT_EQ(TypeBytes("F8"), 0U);
}

TEST(TensorFileTest, WhatIsNoTensorFileIsRefusedByName) {
  try {
    const TensorFile file(TensorBytes({{"a", {1}}}) + "x", "weights.safetensors");
    FAIL() << "a byte too much";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_STREQ(error.what(), "weights.safetensors is corrupt: 1 bytes follow the last tensor");
  }
}

}  // namespace
}  // namespace zerosweep
