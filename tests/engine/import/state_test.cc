// Which kind of weights file a file is.
#include "engine/import/state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/error.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class StateTest : public testing::Test {
 protected:
  std::string RefusalOf(const std::string& bytes) const {
    std::ofstream(folder_ / "notes.txt", std::ios::binary) << bytes;
    try {
      ReadState(folder_ / "notes.txt");
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage);
      const std::string message = error.what();
      EXPECT_THAT(message, HasSubstr((folder_ / "notes.txt").string()));
      EXPECT_EQ(message.find('\n'), std::string::npos) << message;
      return message;
    }
    return "read";
  }
  const TempFolder folder_;
};

TEST_F(StateTest, OtherFilesAreToldWhatIsReadAndWhatTheyBeginWith) {
  EXPECT_THAT(
      RefusalOf("The weights are\nin the other folder."),
      AllOf(HasSubstr("it begins with 'The weights are in the o'"), HasSubstr(".safetensors files"),
            HasSubstr(".pt, .pth and .pth.tar"), HasSubstr("torch.save")));
  EXPECT_THAT(RefusalOf("{\"json\": 1}"), HasSubstr("it begins with '{\"json\": 1}'"));
  EXPECT_THAT(RefusalOf("\x89HDF\r\n\x1a\n and more than eight bytes"),
              HasSubstr("it begins with the bytes 89 48 44 46 0d 0a 1a 0a …"));
  EXPECT_THAT(RefusalOf("\x1b[2J\x1b]0;title\x07"), HasSubstr("the bytes 1b 5b 32 4a"));
}

TEST_F(StateTest, DamagedSafetensorsAreStillCalledSo) {
  EXPECT_THAT(RefusalOf(std::string("\x40\0\0\0\0\0\0\0{\"t\"", 12)), HasSubstr("truncated"));
  EXPECT_THAT(RefusalOf(""), HasSubstr("truncated: 0 bytes"));
}

TEST_F(StateTest, OtherPicklesAreCalledSo) {
  EXPECT_THAT(RefusalOf("\x80\x02}q."), HasSubstr("a pickle, but not one that torch.save wrote"));
}

}  // namespace
}  // namespace zerosweep
