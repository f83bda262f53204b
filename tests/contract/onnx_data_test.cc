#include "contract/onnx_data.h"

#include <gtest/gtest.h>

#include <string>

#include "base/files.h"
#include "base/hash.h"
#include "contract/weight_files.h"
#include "tests/support/error_message.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {
namespace {

// A field of bytes: at most 127 of them, so that its length is one byte.
std::string Field(int number, const std::string& content) {
  EXPECT_LT(content.size(), 128u);
  return std::string{static_cast<char>(number << 3 | 2), static_cast<char>(content.size())} +
         content;
}

std::string Entry(const std::string& key, const std::string& value) {
  return Field(13, Field(1, key) + Field(2, value));
}

std::string Model(const std::string& graph) {
  return std::string("\x08\x0a", 2) /* ir_version: 10 */ + Field(7, graph);
}

class OnnxDataTest : public ::testing::Test {
 protected:
  std::filesystem::path Write(const std::string& bytes) {
    const std::filesystem::path file = folder_.path() / "net.onnx";
    WriteFileAtomically(file, bytes);
    return file;
  }

  TempFolder folder_;
};

TEST_F(OnnxDataTest, NamesFilesOfInitializersAndOfConstants) {
  const std::string initializer = Field(5, Entry("location", "b.data") + Entry("offset", "0"));
  const std::string constant = Field(1, Field(5, Field(5, Entry("location", "a.data"))));
  EXPECT_EQ(OnnxDataFiles(Write(Model(initializer + constant + initializer))),
            (std::vector<std::string>{"a.data", "b.data"}));
  EXPECT_TRUE(OnnxDataFiles(Write(Model(Field(5, Field(8, "location"))))).empty());
}

TEST_F(OnnxDataTest, ItsDigestHoldsAllItsFiles) {
  const auto file = Write(Model(Field(5, Entry("location", "b.data"))));
  WriteFileAtomically(folder_.path() / "b.data", "one");
  const auto digest = [&] { return WeightsDigest(file, Sha256File); };
  const std::string first = digest();
  EXPECT_EQ(WeightFiles(file).size(), 2u);
  WriteFileAtomically(folder_.path() / "b.data", "two");
  EXPECT_NE(digest(), first);
  Write(Model(""));
  EXPECT_EQ(digest(), Sha256File(file));
}

TEST_F(OnnxDataTest, RefusesOtherFoldersAndDamage) {
  for (const char* name : {"../a", "/etc/passwd", "a\\b", "", ".", ".."}) {
    const auto file = Write(Model(Field(5, Entry("location", name))));
    EXPECT_NE(ErrorMessage(ErrorKind::kUsage, [&] { OnnxDataFiles(file); })
                  .find("must be a file in the same folder"),
              std::string::npos)
        << name;
  }
  const std::string whole = Model(Field(5, Entry("location", "a.data")));
  for (size_t size = 3; size < whole.size(); ++size) {
    const auto file = Write(whole.substr(0, size));
    EXPECT_NE(ErrorMessage(ErrorKind::kUsage, [&] { OnnxDataFiles(file); }).find("is damaged"),
              std::string::npos)
        << size;
  }
  const auto file = Write("\x0b");  // a group, which ONNX has none of
  EXPECT_NE(ErrorMessage(ErrorKind::kUsage, [&] { OnnxDataFiles(file); }).find("is damaged"),
            std::string::npos);
}

TEST_F(OnnxDataTest, NetworkFilesAreKnownByTheirEnding) {
  EXPECT_TRUE(IsNetworkFile("net.onnx"));
  EXPECT_TRUE(IsNetworkFile("/a/Net.PT2"));
  EXPECT_FALSE(IsNetworkFile("net.pt"));
  EXPECT_FALSE(IsNetworkFile("onnx"));
}

}  // namespace
}  // namespace zerosweep
