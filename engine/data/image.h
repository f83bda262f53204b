// A decoded image, and its file formats.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace zerosweep {

struct Image {
  int64_t height = 0, width = 0, channels = 0;
  std::vector<uint8_t> pixels;  // height × width × channels
};

// All decoders return three channels, whatever the file holds, and throw kUsage, starting with
// `name`, for files that are truncated, corrupt or too large.
//
// JPEG: grey becomes three equal channels. CMYK and YCCK are read as Adobe writes them (inverted)
// and converted as Pillow does, R = K − (255 − C)·K / 255. As in torchvision's ImageFolder, an EXIF
// orientation is not applied.
Image DecodeJpeg(const std::string& bytes, const std::string& name);
// PNG: palettes and grey are expanded, alpha is dropped, and 16-bit values keep their upper 8 bits.
Image DecodePng(const std::string& bytes, const std::string& name);

// BMP (1 to 8 or 24 bits per pixel), GIF, PNM (15, 255 or 65535 levels), TIFF and WebP. Decodes the
// first image of a file that holds several. Palettes, grey and inks are converted as Pillow does,
// alpha is dropped, and 16-bit values keep their upper 8 bits. REQUIRES: IsOtherFormat(bytes).
Image DecodeOther(const std::string& bytes, const std::string& name);
bool IsOtherFormat(const std::string& bytes);

// The luma of a colour image, as Pillow's convert("L"): (19595 R + 38470 G + 7471 B) / 2^16, rounded.
// REQUIRES: three channels.
Image ToGrey(const Image& image);

// Encodes the image as a PNG file. The same pixels give the same bytes (under one zlib). REQUIRES:
// 1 or 3 channels, at least one pixel.
std::string EncodePng(const Image& image);

// Reads a file of any of these formats, which its first bytes identify: ImageNet holds PNG files
// named .JPEG. Throws kUsage, naming the file.
Image ReadImage(const std::filesystem::path& path);

// Throws kUsage, starting with `name`, for an image with no pixels or more than 2^28.
void CheckImageSize(int64_t height, int64_t width, const std::string& name);

}  // namespace zerosweep
