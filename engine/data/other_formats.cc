// BMP, GIF, PNM, TIFF and WebP by Leptonica, which decodes them with libtiff, libwebp, giflib and
// its own code. The pixels equal Pillow's; files for which Leptonica's would differ are refused
// here.
#include <leptonica/allheaders.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string_view>

#include "base/error.h"
#include "engine/data/image.h"

namespace zerosweep {
namespace {

struct DestroyPix {
  void operator()(PIX* pix) const { pixDestroy(&pix); }
};
using Pix = std::unique_ptr<PIX, DestroyPix>;

// The formats that are read here.
const std::map<l_int32, const char*> kFormats = {
    {IFF_BMP, "BMP"},       {IFF_GIF, "GIF"},       {IFF_PNM, "PNM"},
    {IFF_WEBP, "WebP"},     {IFF_TIFF, "TIFF"},     {IFF_TIFF_PACKBITS, "TIFF"},
    {IFF_TIFF_RLE, "TIFF"}, {IFF_TIFF_G3, "TIFF"},  {IFF_TIFF_G4, "TIFF"},
    {IFF_TIFF_LZW, "TIFF"}, {IFF_TIFF_ZIP, "TIFF"}, {IFF_TIFF_JPEG, "TIFF"}};

// The numbers in the first directory of a TIFF file (TIFF 6.0, section 2), as far as they are
// needed here. A place outside the file reads as 0.
class TiffDirectory {
 public:
  explicit TiffDirectory(std::string_view bytes)
      : bytes_(bytes), big_endian_(bytes.starts_with("MM")) {}

  bool is_classic() const { return Number(2, 2) == 42; }  // 43: BigTIFF
  // Returns the values of a tag; empty if it is absent.
  std::vector<uint64_t> Values(uint64_t tag) const {
    const uint64_t directory = Number(4, 4);
    for (uint64_t i = 0; i < Number(directory, 2); ++i) {
      const uint64_t entry = directory + 2 + 12 * i;
      if (Number(entry, 2) != tag) continue;
      const uint64_t size = Number(entry + 2, 2) == 3 ? 2 : 4, count = Number(entry + 4, 4);
      const uint64_t place = size * count <= 4 ? entry + 8 : Number(entry + 8, 4);
      std::vector<uint64_t> values;
      for (uint64_t k = 0; k < count && place + size * k < bytes_.size(); ++k)
        values.push_back(Number(place + size * k, size));
      return values;
    }
    return {};
  }
  uint64_t Value(uint64_t tag, uint64_t otherwise) const {
    const auto values = Values(tag);
    return values.empty() ? otherwise : values.front();
  }

 private:
  uint64_t Number(uint64_t place, uint64_t size) const {
    uint64_t number = 0;
    for (uint64_t i = 0; i < size && place + size <= bytes_.size(); ++i) {
      const uint64_t at = big_endian_ ? place + i : place + size - 1 - i;
      number = number << 8 | static_cast<unsigned char>(bytes_[at]);
    }
    return number;
  }

  std::string_view bytes_;
  bool big_endian_;
};

// libtiff invents the missing part of a truncated file, and converts CIE L*a*b* differently.
std::optional<std::string> TiffDefect(const std::string& bytes) {
  constexpr uint64_t kPhotometric = 262, kMaxPhotometric = 6;                    // YCbCr
  constexpr std::pair<uint64_t, uint64_t> kPieces[] = {{273, 279}, {324, 325}};  // strips, tiles
  const TiffDirectory directory(bytes);
  if (!directory.is_classic()) return "is a BigTIFF file";
  if (const uint64_t colours = directory.Value(kPhotometric, 0); colours > kMaxPhotometric)
    return fmt::format("holds colours of a kind that is not read (photometric {})", colours);
  for (const auto& [offsets_tag, sizes_tag] : kPieces) {
    const auto offsets = directory.Values(offsets_tag), sizes = directory.Values(sizes_tag);
    for (size_t i = 0; i < std::min(offsets.size(), sizes.size()); ++i)
      if (offsets[i] + sizes[i] > bytes.size()) return "is truncated";
  }
  return std::nullopt;
}

// Leptonica reads the bytes of 16-bit and 32-bit pixels in the wrong order.
std::optional<std::string> BmpDefect(const std::string& bytes) {
  constexpr size_t kBitCount = 28;  // BITMAPINFOHEADER's field, counted from the file's start
  const int bits = bytes.size() > kBitCount ? static_cast<unsigned char>(bytes[kBitCount]) : 0;
  if (bits <= 8 || bits == 24) return std::nullopt;
  return fmt::format("is a BMP file of {} bits a pixel", bits);
}

// Returns the third number of a PNM header, the value of white.
int64_t PnmLevels(const std::string& bytes) {
  std::istringstream header(bytes.substr(2, 4096));
  std::string number;
  for (int i = 0; i < 3 && header >> number;) {
    if (number.starts_with('#')) {
      std::getline(header, number);
    } else if (++i == 3) {
      return std::atoll(number.c_str());
    }
  }
  return 0;
}

std::optional<std::string> PnmDefect(const std::string& bytes) {
  if (bytes.starts_with("P7")) return "is a PAM file";
  if (!bytes.starts_with("P3") || PnmLevels(bytes) <= 255) return std::nullopt;
  return fmt::format("is a PNM file in letters of {} levels", PnmLevels(bytes));
}

void CheckSize(const std::string& bytes, l_int32 format, const std::string& name) {
  l_int32 width = 0, height = 0;
  if (format == IFF_GIF) {  // Leptonica would decode the image to find its size
    const auto number = [&](size_t place) {
      return bytes.size() < 10 ? 0
                               : static_cast<unsigned char>(bytes[place]) +
                                     256 * static_cast<unsigned char>(bytes[place + 1]);
    };
    width = number(6);
    height = number(8);
  } else {
    pixReadHeaderMem(reinterpret_cast<const l_uint8*>(bytes.data()), bytes.size(), nullptr, &width,
                     &height, nullptr, nullptr, nullptr);
    if (width == 0) return;  // the header is unreadable: decoding reports it
  }
  CheckImageSize(height, width, name);
}

bool IsOpaque(const std::vector<l_uint32>& row) {
  return std::all_of(row.begin(), row.end(), [](l_uint32 pixel) { return (pixel & 0xff) == 0xff; });
}

}  // namespace

bool IsOtherFormat(const std::string& bytes) {
  l_int32 format = IFF_UNKNOWN;
  if (bytes.size() < 12) return false;  // the number of bytes that the function reads
  findFileFormatBuffer(reinterpret_cast<const l_uint8*>(bytes.data()), &format);
  return kFormats.contains(format);
}

Image DecodeOther(const std::string& bytes, const std::string& name) {
  [[maybe_unused]] static const l_int32 kSilent = setMsgSeverity(L_SEVERITY_NONE);
  const auto* data = reinterpret_cast<const l_uint8*>(bytes.data());
  l_int32 format = IFF_UNKNOWN;
  findFileFormatBuffer(data, &format);
  const std::string kind = kFormats.at(format);
  const auto defect = kind == "TIFF"  ? TiffDefect(bytes)
                      : kind == "BMP" ? BmpDefect(bytes)
                      : kind == "PNM" ? PnmDefect(bytes)
                                      : std::nullopt;
  if (defect) Fail(ErrorKind::kUsage, "{} {}: fetch it again or save it as PNG", name, *defect);
  CheckSize(bytes, format, name);
  const Pix stored(pixReadMem(data, bytes.size()));
  if (stored == nullptr) {
    Fail(ErrorKind::kUsage,
         "{} cannot be read: it is a {} file that is truncated, damaged or of a kind that is not "
         "read (animated, float, more than 8 bits a colour …); fetch it again or save it as PNG",
         name, kind);
  }
  // Leptonica reads the two bytes of a grey value in the wrong order.
  const bool swapped = bytes.starts_with("P5") && pixGetDepth(stored.get()) == 16;
  const Pix read(swapped ? pixConvert16To8(stored.get(), L_LS_BYTE) : pixClone(stored.get()));
  const Pix colours(pixConvertTo32(read.get()));
  if (colours == nullptr) Fail(ErrorKind::kInternal, "{}: Leptonica gives no colours", name);
  Image image{pixGetHeight(colours.get()), pixGetWidth(colours.get()), 3, {}};
  CheckImageSize(image.height, image.width, name);
  image.pixels.reserve(static_cast<size_t>(3 * image.height * image.width));
  const bool has_alpha = kind == "TIFF" && pixGetSpp(stored.get()) == 4;
  std::vector<l_uint32> row(static_cast<size_t>(image.width));
  for (int64_t y = 0; y < image.height; ++y) {
    const l_uint32* words = pixGetData(colours.get()) + y * pixGetWpl(colours.get());
    row.assign(words, words + image.width);
    // libtiff has multiplied the colours by alpha, so the originals are lost.
    if (has_alpha && !IsOpaque(row))
      Fail(ErrorKind::kUsage, "{} is a TIFF file with transparent pixels: save it without", name);
    for (const l_uint32 pixel : row)
      for (const int shift : {L_RED_SHIFT, L_GREEN_SHIFT, L_BLUE_SHIFT})
        image.pixels.push_back(static_cast<uint8_t>(pixel >> shift));
  }
  return image;
}

}  // namespace zerosweep
