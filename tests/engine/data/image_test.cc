// Image files that are damaged, or not what they say.
#include "engine/data/image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/error.h"
#include "base/files.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {
namespace {

class ImageTest : public testing::Test {
 protected:
  static std::filesystem::path GoldenFolder(const std::string& name) {
    const char* source = std::getenv("ZEROSWEEP_SOURCE");
    return std::filesystem::path(source == nullptr ? "." : source) / "tests/golden" / name;
  }
  static std::string Golden(const std::string& name) {
    return ReadFile(GoldenFolder("image_folder") / name);
  }
  static std::string Other(const std::string& name) {
    return ReadFile(GoldenFolder("other_formats") / name);
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
  EXPECT_EQ(
      DefectOf("<html>not an image</html>"),
      "x.jpg is no JPEG, PNG, BMP, GIF, PNM, TIFF or WebP file, whatever its name says: fetch "
      "it again, convert it or remove it");
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

// Against Pillow: tests/golden/make_other_formats.py.
TEST_F(ImageTest, OtherFormatsHavePillowsPixels) {
  size_t compared = 0;
  for (const auto& entry : std::filesystem::directory_iterator(GoldenFolder("other_formats"))) {
    const std::string expected = entry.path().filename(), ending = ".expected.png";
    if (!expected.ends_with(ending)) continue;
    const std::string name = expected.substr(0, expected.size() - ending.size());
    const Image image = ReadImage(GoldenFolder("other_formats") / name);
    const Image pillow = DecodePng(Other(expected), expected);
    EXPECT_EQ(image.height, pillow.height) << name;
    EXPECT_EQ(image.width, pillow.width) << name;
    EXPECT_EQ(image.channels, 3) << name;
    EXPECT_TRUE(image.pixels == pillow.pixels) << name;
    ++compared;
  }
  EXPECT_GE(compared, 30u);
}

// Pillow clips grey ones at 255 instead.
TEST_F(ImageTest, SixteenBitsBecomeTheUpperEight) {
  const Image grey = DecodePng(Other("grey.tif.expected.png"), "grey");
  for (const char* name : {"upper_grey.pgm", "upper_grey.tif"}) {
    const Image image = ReadImage(GoldenFolder("other_formats") / name);
    EXPECT_TRUE(image.pixels == grey.pixels) << name;
  }
  WriteFileAtomically(temp_ / "x.pgm", "P2\n# text\n2 1 65535\n4660 65280\n");
  EXPECT_EQ(ReadImage(temp_ / "x.pgm").pixels,
            (std::vector<uint8_t>{0x12, 0x12, 0x12, 0xff, 0xff, 0xff}));
  WriteFileAtomically(temp_ / "x.ppm", "P6 1 1 65535\n\x11\xaa\x22\xbb\x33\xcc");
  EXPECT_EQ(ReadImage(temp_ / "x.ppm").pixels, (std::vector<uint8_t>{0x11, 0x22, 0x33}));
}

// What the library would read with other pixels than Pillow, or with some made up.
TEST_F(ImageTest, WhatWouldBeReadWronglyIsRefusedByName) {
  using testing::HasSubstr;
  const std::string advice = "fetch it again or save it as PNG";
  EXPECT_EQ(DefectOf(Other("refused_32.bmp")), "x.jpg is a BMP file of 32 bits a pixel: " + advice);
  EXPECT_EQ(DefectOf(Other("refused_clear.tif")),
            "x.jpg is a TIFF file with transparent pixels: save it without");
  EXPECT_EQ(DefectOf(Other("refused_lab.tif")),
            "x.jpg holds colours of a kind that is not read (photometric 8): " + advice);
  EXPECT_EQ(DefectOf("P3\n# text\n1 1 65535\n4660 65280 43981\n"),
            "x.jpg is a PNM file in letters of 65535 levels: " + advice);
  EXPECT_EQ(DefectOf("P7\nWIDTH 1\nHEIGHT 1\nDEPTH 1\nMAXVAL 255\nENDHDR\nx"),
            "x.jpg is a PAM file: " + advice);
  for (const char* name : {"refused_float.tif", "refused_moving.webp", "refused_hundred.pgm"})
    EXPECT_THAT(DefectOf(Other(name)), HasSubstr("x.jpg cannot be read: it is a ")) << name;
}

TEST_F(ImageTest, OtherFormatsThatEndEarlyAreRefused) {
  for (const char* name : {"rgb.bmp", "palette.bmp", "rgb.gif", "woven.gif", "rgb.ppm", "text.pgm",
                           "rgb.tif", "inks.tif", "grey.tif", "tiff_lzw.tif", "fax.tif", "jpeg.tif",
                           "exact.webp", "lossy.webp"}) {
    const std::string whole = Other(name);
    EXPECT_EQ(DefectOf(whole), "none") << name;
    for (const size_t length : {size_t{13}, whole.size() / 4, whole.size() / 2,
                                9 * whole.size() / 10, whole.size() - 20}) {
      EXPECT_NE(DefectOf(whole.substr(0, length)), "none") << name << " " << length;
    }
  }
}

TEST_F(ImageTest, SizesAreCheckedBeforePixelsAreMade) {
  std::string gif = Other("rgb.gif");
  gif[6] = gif[7] = gif[8] = gif[9] = '\x7f';
  EXPECT_EQ(DefectOf(gif),
            "x.jpg says that it has 32639 × 32639 pixels: at most 268435456 are read");
  EXPECT_NE(DefectOf("P6 60000 60000 255\n"), "none");
}

}  // namespace
}  // namespace zerosweep
