#include "engine/import/safetensors.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <fstream>

#include "base/error.h"
#include "base/files.h"
#include "engine/import/state.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {
namespace {

std::string FileOf(const std::string& header, const std::string& data) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<char>(header.size() >> (8 * i) & 0xff));
  return bytes + header + data;
}

// The message of the kUsage error that reading these bytes gives, without the file's name.
std::string Defect(const std::string& bytes) {
  const TempFolder folder;
  std::ofstream(folder / "w", std::ios::binary) << bytes;
  try {
    ReadSafetensors(folder / "w");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    const std::string message = error.what(), name = (folder / "w").string();
    EXPECT_TRUE(message.starts_with(name)) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos);
    return message.substr(name.size());
  }
  return "none";
}

std::string Entry(const std::string& type, const std::string& shape, const std::string& offsets) {
  return R"("t":{"dtype":")" + type + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets +
         "}";
}

TEST(SafetensorsTest, EveryTypeAndShapeComesBack) {
  const TempFolder folder;
  std::map<std::string, torch::Tensor> tensors = {{"scalar", torch::tensor(2.5)},
                                                  {"empty", torch::zeros({0, 3})},
                                                  {"strided", torch::randn({3, 4}).t()}};
  for (const auto type :
       {torch::kFloat64, torch::kFloat32, torch::kFloat16, torch::kBFloat16, torch::kInt64,
        torch::kInt32, torch::kInt16, torch::kInt8, torch::kUInt8, torch::kBool}) {
    tensors[c10::toString(type)] = torch::arange(6).reshape({2, 3}).to(type);
  }
  WriteSafetensors(folder / "w", tensors, {{"made by", "a test"}});
  const auto read = ReadSafetensors(folder / "w");
  ASSERT_EQ(read.size(), tensors.size());
  for (const auto& [name, tensor] : tensors) {
    EXPECT_EQ(read.at(name).scalar_type(), tensor.scalar_type()) << name;
    EXPECT_TRUE(torch::equal(read.at(name), tensor)) << name;
  }
}

TEST(SafetensorsTest, TheSameTensorsGiveTheSameBytes) {
  const TempFolder folder;
  const std::map<std::string, torch::Tensor> tensors = {{"b", torch::ones({2})},
                                                        {"a", torch::zeros({3}, torch::kUInt8)}};
  WriteSafetensors(folder / "1", tensors);
  WriteSafetensors(folder / "2", tensors);
  EXPECT_EQ(ReadFile(folder / "1"), ReadFile(folder / "2"));
}

TEST(SafetensorsTest, ReadsAFileMadeByHand) {
  const TempFolder folder;
  const std::string data("\x00\x00\x80\x3f\x00\x00\x00\xc0", 8);  // 1, −2
  WriteFileAtomically(folder / "w", FileOf("{" + Entry("F32", "[2]", "[0,8]") + "}", data));
  EXPECT_TRUE(torch::equal(ReadState(folder / "w").at("t"), torch::tensor({1.f, -2.f})));
}

TEST(SafetensorsTest, TruncationIsNoticedAtEveryLength) {
  const std::string whole = FileOf("{" + Entry("U8", "[3]", "[0,3]") + "}", "abc");
  for (size_t length = 0; length < whole.size(); ++length) {
    EXPECT_NE(Defect(whole.substr(0, length)).find("truncated"), std::string::npos) << length;
  }
  EXPECT_EQ(Defect(whole), "none");
}

TEST(SafetensorsTest, EachDefectIsNamed) {
  EXPECT_EQ(Defect(std::string(8, '\xff') + "{}"),
            " is corrupt or no safetensors file: its header claims 18446744073709551615 bytes");
  EXPECT_EQ(Defect(FileOf("[]", "")), " is corrupt: its header is not a JSON object");
  const auto entry = [](const std::string& type, const std::string& shape,
                        const std::string& offsets) {
    return Defect(FileOf("{" + Entry(type, shape, offsets) + "}", "12345678"));
  };
  EXPECT_EQ(entry("F8", "[8]", "[0,8]"), ": 't' is of type F8, which is not supported");
  EXPECT_EQ(entry("U8", "[8]", "[8,0]"), " is corrupt: the offsets of 't' are not an interval");
  EXPECT_EQ(entry("U8", "[8]", "[0]"), " is corrupt: the offsets of 't' are not an interval");
  EXPECT_EQ(entry("U8", "[9]", "[0,9]"), " is truncated: 't' ends at byte 9, but the data have 8");
  EXPECT_EQ(entry("F32", "[3]", "[0,8]"),
            " is corrupt: 't' needs 12 bytes by its shape, but has 8");
  EXPECT_EQ(entry("U8", "[-8]", "[0,8]"), " is corrupt: 't' claims an impossible shape");
  EXPECT_EQ(entry("U8", "[4294967296,4294967296,8]", "[0,8]"),
            " is corrupt: 't' claims an impossible shape");
  EXPECT_EQ(entry("U8", "[4]", "[4,8]"), " is corrupt: its tensors leave a gap at byte 0");
  EXPECT_EQ(entry("U8", "[4]", "[0,4]"), " is corrupt: 4 bytes follow the last tensor");
  EXPECT_NE(entry("U8", "\"8\"", "[0,8]").find("the header's entry 't' is malformed"),
            std::string::npos);
  const std::string second = R"(,"u":{"dtype":"U8","shape":[6],"data_offsets":[2,8]})";
  EXPECT_EQ(Defect(FileOf("{" + Entry("U8", "[4]", "[0,4]") + second + "}", "12345678")),
            " is corrupt: its tensors overlap at byte 2");
}

TEST(SafetensorsTest, AnAbsentFileIsTheCallersMistake) {
  try {
    ReadState("/nowhere/w.safetensors");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_STREQ(error.what(), "weights: there is no file /nowhere/w.safetensors: check the path");
  }
}

}  // namespace
}  // namespace zerosweep
