#include "engine/data/image.h"

#include <string_view>

#include "base/error.h"
#include "engine/import/input_file.h"

namespace zerosweep {
namespace {

constexpr std::string_view kJpegStart = "\xff\xd8\xff";
constexpr std::string_view kPngStart = "\x89PNG\r\n\x1a\n";
constexpr int64_t kMaxPixels = int64_t{1} << 28;

}  // namespace

void CheckImageSize(int64_t height, int64_t width, const std::string& name) {
  if (height < 1 || width < 1 || height > kMaxPixels / width) {
    Fail(ErrorKind::kUsage, "{} says that it has {} × {} pixels: at most {} are read", name, width,
         height, kMaxPixels);
  }
}

Image ToGrey(const Image& image) {
  Image grey{image.height, image.width, 1, {}};
  grey.pixels.reserve(image.pixels.size() / 3);
  for (size_t i = 0; i + 2 < image.pixels.size(); i += 3) {
    const uint32_t luma = 19595U * image.pixels[i] + 38470U * image.pixels[i + 1] +
                          7471U * image.pixels[i + 2] + 0x8000U;
    grey.pixels.push_back(static_cast<uint8_t>(luma >> 16));
  }
  return grey;
}

Image ReadImage(const std::filesystem::path& path) {
  const std::string bytes = ReadInputFile(path, "image");
  if (bytes.starts_with(kJpegStart)) return DecodeJpeg(bytes, path.string());
  if (bytes.starts_with(kPngStart)) return DecodePng(bytes, path.string());
  if (IsOtherFormat(bytes)) return DecodeOther(bytes, path.string());
  if (bytes.empty()) {
    Fail(ErrorKind::kUsage, "{} is empty: fetch it again or remove it", path.string());
  }
  Fail(ErrorKind::kUsage,
       "{} is no JPEG, PNG, BMP, GIF, PNM, TIFF or WebP file, whatever its name says: fetch it "
       "again, convert it or remove it",
       path.string());
}

}  // namespace zerosweep
