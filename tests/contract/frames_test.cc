#include "contract/frames.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <thread>

#include "base/error.h"

namespace zerosweep {
namespace {

class FramesTest : public testing::Test {
 protected:
  void SetUp() override {
    signal(SIGPIPE, SIG_IGN);
    ASSERT_EQ(pipe(ends_), 0);
  }
  void TearDown() override {
    close(ends_[0]);
    if (ends_[1] >= 0) close(ends_[1]);
  }
  void CloseWriter() {
    close(ends_[1]);
    ends_[1] = -1;
  }
  int ends_[2] = {-1, -1};
  FrameBuffer buffer_;
};

TEST_F(FramesTest, FramesArriveInOrderAndTheEndIsSeen) {
  ASSERT_TRUE(WriteFrame(ends_[1], {{"n", 1}}));
  ASSERT_TRUE(WriteFrame(ends_[1], {{"n", 2}}));
  CloseWriter();
  EXPECT_EQ(ReadFrame(ends_[0], buffer_)->at("n"), 1);
  EXPECT_EQ(ReadFrame(ends_[0], buffer_)->at("n"), 2);
  EXPECT_FALSE(ReadFrame(ends_[0], buffer_));
}

TEST_F(FramesTest, AFrameLargerThanThePipeArrivesWhole) {
  const Json big = {{"text", std::string(1 << 20, 'x')}};
  std::thread writer([&] { EXPECT_TRUE(WriteFrame(ends_[1], big)); });
  EXPECT_EQ(*ReadFrame(ends_[0], buffer_), big);
  writer.join();
}

TEST_F(FramesTest, BytesMayArriveOneByOne) {
  const std::string body = R"({"a":1})";
  const auto size = static_cast<uint32_t>(body.size());
  std::string bytes(4, '\0');
  std::memcpy(bytes.data(), &size, 4);
  bytes += body;
  for (size_t i = 0; i + 1 < bytes.size(); ++i) {
    buffer_.Append(&bytes[i], 1);
    EXPECT_FALSE(buffer_.Next());
  }
  buffer_.Append(&bytes.back(), 1);
  EXPECT_EQ(buffer_.Next()->at("a"), 1);
}

TEST_F(FramesTest, GarbageIsRefused) {
  buffer_.Append("\xff\xff\xff\xff", 4);
  EXPECT_THROW(buffer_.Next(), Error);
  FrameBuffer text;
  text.Append("\x02\0\0\0hi", 6);
  EXPECT_THROW(text.Next(), Error);
}

TEST_F(FramesTest, WritingToAGoneReaderSaysSo) {
  close(ends_[0]);
  EXPECT_FALSE(WriteFrame(ends_[1], {{"n", 1}}));
  ends_[0] = dup(ends_[1]);
}

}  // namespace
}  // namespace zerosweep
