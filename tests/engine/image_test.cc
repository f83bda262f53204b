// Image files that are damaged, or not what they say.
#include "engine/data/image.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/error.h"
#include "base/files.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {
namespace {

class ImageTest : public testing::Test {
 protected:
  static std::string Golden(const std::string& name) {
    const char* source = std::getenv("ZEROSWEEP_SOURCE");
    return ReadFile(std::filesystem::path(source == nullptr ? "." : source) /
                    "tests/golden/image_folder" / name);
  }

  // The message of the usage error, without the folder.
  std::string DefectOf(const std::string& bytes) const {
    WriteFileAtomically(temp_ / "x.jpg", bytes);
    try {
      ReadImage(temp_ / "x.jpg");
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage);
      std::string message = error.what();
      const std::string prefix = temp_.path().string() + "/";
      EXPECT_TRUE(message.starts_with(prefix)) << message;
      return message.substr(prefix.size());
    }
    return "none";
  }

  const TempFolder temp_;
};

TEST_F(ImageTest, TruncatedFilesAreNamed) {
  for (const char* name : {"landscape.jpg", "progressive.jpg", "inks.jpg", "small.png"}) {
    const std::string whole = Golden(name);
    EXPECT_EQ(DefectOf(whole), "none");
    for (const size_t length :
         {whole.size() / 4, whole.size() / 2, 9 * whole.size() / 10, whole.size() - 20}) {
      EXPECT_EQ(DefectOf(whole.substr(0, length)),
                "x.jpg is truncated: fetch it again or remove it")
          << name << " " << length;
    }
  }
  const std::string start = Golden("landscape.jpg").substr(0, 3);
  EXPECT_EQ(DefectOf(start), "x.jpg is truncated: fetch it again or remove it");
}

TEST_F(ImageTest, OtherFilesAreRefused) {
  EXPECT_EQ(DefectOf(""), "x.jpg is empty: fetch it again or remove it");
  EXPECT_EQ(DefectOf("GIF89a..."),
            "x.jpg is neither a JPEG nor a PNG file: fetch it again or remove it");
  std::string huge = Golden("small.png");
  for (size_t at = 16; at < 24; ++at) huge[at] = '\x0f';
  EXPECT_NE(DefectOf(huge), "none");  // the header's own checksum no longer holds
  std::string wide = Golden("landscape.jpg");
  const size_t frame = wide.find("\xff\xc0");
  for (size_t at = frame + 5; at < frame + 9; ++at) wide[at] = '\x7f';  // 32639 × 32639
  EXPECT_EQ(DefectOf(wide),
            "x.jpg says that it has 32639 × 32639 pixels: at most 268435456 are "
            "read");
}

TEST_F(ImageTest, DamageInsideAPngIsFound) {
  std::string damaged = Golden("small.png");
  damaged[damaged.size() / 2] ^= 0x40;
  const std::string message = DefectOf(damaged);
  EXPECT_TRUE(message.starts_with("x.jpg is no PNG file that can be read (")) << message;
}

TEST_F(ImageTest, AFileThatIsAbsentIsNamed) {
  try {
    ReadImage(temp_ / "absent.jpg");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_NE(std::string(error.what()).find((temp_ / "absent.jpg").string()), std::string::npos);
  }
}

}  // namespace
}  // namespace zerosweep
