// Images of one's own from files to the leaderboard: nested folders, every format, a limit above
// their number.
#include <gmock/gmock.h>

#include "tests/support/command_line.h"

namespace zerosweep {
namespace {
namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

class OwnImagesTest : public testing::Test {
 protected:
  OwnImagesTest() {
    for (const auto& [name, golden] : {std::pair("cat/a.tif", "other_formats/rgb.tif"),
                                       {"cat/deep/er/b.webp", "other_formats/lossy.webp"},
                                       {"cat/deep/c.bmp", "other_formats/rgb.bmp"},
                                       {"dog/a.png", "image_folder/small.png"},
                                       {"dog/b.jpg", "image_folder/landscape.jpg"},
                                       {"dog/gif.jpg", "other_formats/rgb.gif"},
                                       {"dog/c.gif", "other_formats/rgb.gif"}}) {
      fs::create_directories((line_ / "photos/val" / name).parent_path());
      fs::copy_file(SourceFolder() / "tests/golden" / golden, line_ / "photos/val" / name);
    }
    line_.Write("photos/net.safetensors", TinyWeights(/*classes=*/2).Bytes());
    line_.Write("photos/net.json", Json({{"name", "net"},
                                         {"arch", "resnet20_cifar_a"},
                                         {"dataset", "image_folder"},
                                         {"classes", 2},
                                         {"input_shape", {3, 32, 32}},
                                         {"mean", {0.5, 0.5, 0.5}},
                                         {"std", {0.25, 0.25, 0.25}}})
                                       .dump());
    line_.Write("sweep.yaml",
                "name: own\ndata: photos\nprofile: smoke\nfixed: {model: {file: net.safetensors}}\n"
                "grid: {method: [noise], bits: [w8a8]}\n");
  }

  CommandLine line_;
};

TEST_F(OwnImagesTest, EveryImageIsReadAndALimitAboveTheirNumberIsNone) {
  const Finished limited = line_.Do({"run", line_ / "sweep.yaml"});  // smoke: limit 500
  ASSERT_EQ(limited.code, 0) << limited.err;
  EXPECT_THAT(
      limited.err,
      HasSubstr("1 file that looks like an image is passed over (1 .gif), such as dog/c.gif"));
  const Finished all = line_.Do(
      {"run", line_ / "sweep.yaml", "--set", "evaluate.limit=0", "--set", "grid.method=[zeroq]"});
  ASSERT_EQ(all.code, 0) << all.err;
  const Json rows = line_.Do({"leaderboard", "--format", "json"}).json();
  ASSERT_EQ(rows.size(), 2u);
  for (const Json& row : rows) EXPECT_EQ(row.at("test_images"), 6);
  const std::string board = line_.Do({"leaderboard"}).out;
  EXPECT_THAT(board, Not(HasSubstr("do not compare")));
  EXPECT_THAT(board, Not(HasSubstr("500 images")));
}

TEST_F(OwnImagesTest, AnImageThatIsReplacedUnderItsSizeAndTimeIsReadAgain) {
  ASSERT_EQ(line_.Do({"run", line_ / "sweep.yaml"}).code, 0);
  const fs::path image = line_ / "photos/val/cat/deep/c.bmp";
  const auto written = fs::last_write_time(image);
  std::string bytes = Contents(image);
  bytes[200] = static_cast<char>(bytes[200] ^ 0x55);
  WriteBytes(image, bytes);
  fs::last_write_time(image, written);
  EXPECT_EQ(line_.Do({"run", line_ / "sweep.yaml"}).code, 0) << "and not 3, nothing to do";
}

TEST_F(OwnImagesTest, AFileThatCannotBeReadIsNamed) {
  fs::copy_file(SourceFolder() / "tests/golden/other_formats/refused_moving.webp",
                line_ / "photos/val/cat/moving.webp");
  const Finished run = line_.Do({"run", line_ / "sweep.yaml"});
  EXPECT_EQ(run.code, 1);
  EXPECT_THAT(run.err, HasSubstr("photos/val/cat/moving.webp cannot be read: it is a WebP file"));
}

}  // namespace
}  // namespace zerosweep
