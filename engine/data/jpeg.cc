// JPEG decoding by libjpeg-turbo with its defaults (accurate integer DCT, smooth upsampling), as in
// Pillow. The library reports errors by a callback that must not return: hence setjmp.
// clang-format off
#include <cstdio>  // jpeglib.h needs its FILE, and jerror.h needs jpeglib.h
#include <jpeglib.h>
#include <jerror.h>
// clang-format on

#include <csetjmp>

#include "base/error.h"
#include "engine/data/image.h"

namespace zerosweep {
namespace {

struct Reports {
  jpeg_error_mgr callbacks;
  std::jmp_buf leave;
  char message[JMSG_LENGTH_MAX] = "";
};

[[noreturn]] void OnError(j_common_ptr decoder) {
  auto* reports = reinterpret_cast<Reports*>(decoder->err);
  decoder->err->format_message(decoder, reports->message);
  std::longjmp(reports->leave, 1);
}

// For the library, a file that ends early is only a warning: it invents the rest. Other warnings
// (stray bytes between segments) concern files whose pixels are complete.
void OnMessage(j_common_ptr decoder, int level) {
  if (level < 0 && decoder->err->msg_code == JWRN_JPEG_EOF) OnError(decoder);
}

class JpegDecoder {
 public:
  JpegDecoder() {
    decoder_.err = jpeg_std_error(&reports_.callbacks);
    reports_.callbacks.error_exit = OnError;
    reports_.callbacks.emit_message = OnMessage;
  }
  ~JpegDecoder() { jpeg_destroy_decompress(&decoder_); }
  JpegDecoder(const JpegDecoder&) = delete;
  JpegDecoder& operator=(const JpegDecoder&) = delete;

  // Each returns whether it succeeded; otherwise `message()` gives the reason. They must not create
  // objects, since longjmp would skip their destructors.
  bool ReadHeader(const std::string& bytes) {
    if (setjmp(reports_.leave) != 0) return false;
    jpeg_create_decompress(&decoder_);
    jpeg_mem_src(&decoder_, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
    jpeg_read_header(&decoder_, TRUE);
    decoder_.out_color_space = inks() ? JCS_CMYK : JCS_RGB;
    return true;
  }
  bool ReadPixels(uint8_t* pixels, size_t stride) {
    if (setjmp(reports_.leave) != 0) return false;
    jpeg_start_decompress(&decoder_);
    while (decoder_.output_scanline < decoder_.output_height) {
      JSAMPROW row = pixels + decoder_.output_scanline * stride;
      jpeg_read_scanlines(&decoder_, &row, 1);
    }
    jpeg_finish_decompress(&decoder_);
    return true;
  }

  int64_t height() const { return decoder_.image_height; }
  int64_t width() const { return decoder_.image_width; }
  bool inks() const {
    return decoder_.jpeg_color_space == JCS_CMYK || decoder_.jpeg_color_space == JCS_YCCK;
  }
  bool ended_early() const { return reports_.callbacks.msg_code == JWRN_JPEG_EOF; }
  const char* message() const { return reports_.message; }

 private:
  Reports reports_;
  jpeg_decompress_struct decoder_{};
};

[[noreturn]] void FailDecoding(const JpegDecoder& decoder, const std::string& name) {
  if (decoder.ended_early()) {
    Fail(ErrorKind::kUsage, "{} is truncated: fetch it again or remove it", name);
  }
  Fail(ErrorKind::kUsage, "{} is no JPEG file that can be read ({}): fetch it again or remove it",
       name, decoder.message());
}

// Converts inverted inks to RGB, in the first three quarters of `pixels`, with a · b / 255 rounded.
void InksToRgb(std::vector<uint8_t>& pixels) {
  const size_t count = pixels.size() / 4;
  for (size_t i = 0; i < count; ++i) {
    const int black = pixels[4 * i + 3];
    for (size_t c = 0; c < 3; ++c) {
      const int product = (255 - pixels[4 * i + c]) * black + 128;
      pixels[3 * i + c] = static_cast<uint8_t>(black - (((product >> 8) + product) >> 8));
    }
  }
  pixels.resize(3 * count);
}

}  // namespace

Image DecodeJpeg(const std::string& bytes, const std::string& name) {
  JpegDecoder decoder;
  if (!decoder.ReadHeader(bytes)) FailDecoding(decoder, name);
  CheckImageSize(decoder.height(), decoder.width(), name);
  Image image{decoder.height(), decoder.width(), 3, {}};
  const auto stride = static_cast<size_t>(image.width * (decoder.inks() ? 4 : 3));
  image.pixels.resize(static_cast<size_t>(image.height) * stride);
  if (!decoder.ReadPixels(image.pixels.data(), stride)) FailDecoding(decoder, name);
  if (decoder.inks()) InksToRgb(image.pixels);
  return image;
}

}  // namespace zerosweep
