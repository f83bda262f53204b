// PNG decoding by libpng. The library reports errors by a callback that must not return: hence
// setjmp.
#include <png.h>

#include <csetjmp>
#include <cstring>

#include "base/error.h"
#include "engine/data/image.h"

namespace zerosweep {
namespace {

constexpr const char* kEndOfFile = "the file ends early";

class PngDecoder {
 public:
  explicit PngDecoder(const std::string& bytes) : next_(bytes.data()), left_(bytes.size()) {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, OnError, OnWarning);
    if (png_ != nullptr) info_ = png_create_info_struct(png_);
    if (info_ == nullptr) Fail(ErrorKind::kInternal, "libpng cannot be started");
    png_set_read_fn(png_, this, Feed);
  }
  ~PngDecoder() { png_destroy_read_struct(&png_, &info_, nullptr); }
  PngDecoder(const PngDecoder&) = delete;
  PngDecoder& operator=(const PngDecoder&) = delete;

  // Each returns whether it succeeded; otherwise `message()` gives the reason. They must not create
  // objects, since longjmp would skip their destructors.
  bool ReadHeader() {
    if (setjmp(leave_) != 0) return false;
    png_read_info(png_, info_);
    png_set_palette_to_rgb(png_);
    png_set_expand_gray_1_2_4_to_8(png_);
    png_set_strip_16(png_);
    png_set_strip_alpha(png_);
    png_set_gray_to_rgb(png_);
    png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    return true;
  }
  bool ReadPixels(png_bytep* rows) {
    if (setjmp(leave_) != 0) return false;
    png_read_image(png_, rows);
    png_read_end(png_, nullptr);
    return true;
  }

  int64_t height() const { return png_get_image_height(png_, info_); }
  int64_t width() const { return png_get_image_width(png_, info_); }
  size_t stride() const { return png_get_rowbytes(png_, info_); }
  bool ended_early() const { return std::strcmp(message_, kEndOfFile) == 0; }
  const char* message() const { return message_; }

 private:
  [[noreturn]] static void OnError(png_structp png, png_const_charp message) {
    auto* decoder = static_cast<PngDecoder*>(png_get_error_ptr(png));
    std::strncpy(decoder->message_, message, sizeof decoder->message_ - 1);
    std::longjmp(decoder->leave_, 1);
  }
  static void OnWarning(png_structp, png_const_charp) {}
  static void Feed(png_structp png, png_bytep target, size_t size) {
    auto* decoder = static_cast<PngDecoder*>(png_get_io_ptr(png));
    if (size > decoder->left_) png_error(png, kEndOfFile);
    std::memcpy(target, decoder->next_, size);
    decoder->next_ += size;
    decoder->left_ -= size;
  }

  const char* next_;
  size_t left_;
  std::jmp_buf leave_;
  char message_[200] = "";
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

[[noreturn]] void FailDecoding(const PngDecoder& decoder, const std::string& name) {
  if (decoder.ended_early()) {
    Fail(ErrorKind::kUsage, "{} is truncated: fetch it again or remove it", name);
  }
  Fail(ErrorKind::kUsage, "{} is no PNG file that can be read ({}): fetch it again or remove it",
       name, decoder.message());
}

}  // namespace

Image DecodePng(const std::string& bytes, const std::string& name) {
  PngDecoder decoder(bytes);
  if (!decoder.ReadHeader()) FailDecoding(decoder, name);
  CheckImageSize(decoder.height(), decoder.width(), name);
  Image image{decoder.height(), decoder.width(), 3, {}};
  if (decoder.stride() != static_cast<size_t>(3 * image.width)) {
    Fail(ErrorKind::kInternal, "{}: libpng gives rows of {} bytes for {} pixels", name,
         decoder.stride(), image.width);
  }
  image.pixels.resize(static_cast<size_t>(image.height) * decoder.stride());
  std::vector<png_bytep> rows;
  for (int64_t y = 0; y < image.height; ++y) {
    rows.push_back(image.pixels.data() + static_cast<size_t>(y) * decoder.stride());
  }
  if (!decoder.ReadPixels(rows.data())) FailDecoding(decoder, name);
  return image;
}

std::string EncodePng(const Image& image) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  png.width = static_cast<png_uint_32>(image.width);
  png.height = static_cast<png_uint_32>(image.height);
  png.format = image.channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
  const auto write = [&](void* target, png_alloc_size_t& size) {
    if (png_image_write_to_memory(&png, target, &size, /*convert_to_8_bit=*/0, image.pixels.data(),
                                  /*row_stride=*/0, /*colormap=*/nullptr) == 0) {
      Fail(ErrorKind::kInternal, "an image of {} × {} pixels cannot be written as PNG: {}",
           image.width, image.height, png.message);
    }
  };
  png_alloc_size_t size = 0;
  write(nullptr, size);  // sets `size`
  std::string bytes(size, '\0');
  write(bytes.data(), size);
  return bytes;
}

}  // namespace zerosweep
