#include "engine/data/idx.h"

#include <torch/types.h>
#include <zlib.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "base/error.h"

namespace zerosweep {
namespace {

constexpr int64_t kMaxBytes = int64_t{4} << 30;  // far above any supported dataset
constexpr unsigned kMaxRead = 1U << 30;          // gzread returns an int

class GzipFile {
 public:
  explicit GzipFile(const std::filesystem::path& path) : path_(path) {
    errno = 0;
    file_ = gzopen(path.c_str(), "rbe");
    if (file_ == nullptr) {
      Fail(ErrorKind::kUsage, "cannot open {}: {}", path.string(),
           errno != 0 ? std::strerror(errno) : "out of memory");
    }
    gzbuffer(file_, 1U << 18);
  }
  ~GzipFile() { gzclose_r(file_); }
  GzipFile(const GzipFile&) = delete;
  GzipFile& operator=(const GzipFile&) = delete;

  void ReadAll(uint8_t* bytes, int64_t size) {
    while (size > 0) {
      const int got =
          gzread(file_, bytes, static_cast<unsigned>(std::min<int64_t>(size, kMaxRead)));
      if (got < 0) FailCorrupt();
      if (got == 0) {
        Fail(ErrorKind::kUsage, "{} is truncated: {} more bytes were expected; fetch it again",
             path_.string(), size);
      }
      bytes += got;
      size -= got;
    }
  }

  // Checks that nothing follows. Reading past the end also makes zlib compare its checksum.
  void ExpectEnd() {
    uint8_t extra = 0;
    const int got = gzread(file_, &extra, 1);
    if (got > 0) {
      Fail(ErrorKind::kUsage, "{} is longer than its header says: fetch it again", path_.string());
    }
    int status = Z_OK;
    gzerror(file_, &status);
    if (got < 0 || (status != Z_OK && status != Z_STREAM_END)) FailCorrupt();
  }

 private:
  [[noreturn]] void FailCorrupt() {
    int status = Z_OK;
    std::string reason = gzerror(file_, &status);
    const std::string prefix = path_.string() + ": ";  // zlib's own prefix
    if (reason.starts_with(prefix)) reason.erase(0, prefix.size());
    if (status == Z_BUF_ERROR) {
      Fail(ErrorKind::kUsage, "{} is truncated: its compressed data end too early; fetch it again",
           path_.string());
    }
    Fail(ErrorKind::kUsage, "{} is corrupt ({}): fetch it again", path_.string(), reason);
  }

  std::filesystem::path path_;
  gzFile file_ = nullptr;
};

int64_t BigEndian(const uint8_t* bytes) {
  return int64_t{bytes[0]} << 24 | int64_t{bytes[1]} << 16 | int64_t{bytes[2]} << 8 | bytes[3];
}

}  // namespace

torch::Tensor ReadIdx(const std::filesystem::path& path, int dimensions) {
  GzipFile file(path);
  std::array<uint8_t, 4> magic{};
  file.ReadAll(magic.data(), magic.size());
  if (magic[0] != 0 || magic[1] != 0 || magic[2] != 8 || magic[3] != dimensions) {
    Fail(
        ErrorKind::kUsage,
        "{} starts with {:02x}{:02x}{:02x}{:02x} instead of 000008{:02x}: it is not an IDX file of "
        "bytes with {} dimension{}",
        path.string(), magic[0], magic[1], magic[2], magic[3], dimensions, dimensions,
        dimensions == 1 ? "" : "s");
  }
  std::vector<uint8_t> header(4 * static_cast<size_t>(dimensions));
  file.ReadAll(header.data(), static_cast<int64_t>(header.size()));
  std::vector<int64_t> shape;
  int64_t bytes = 1;
  for (int i = 0; i < dimensions; ++i) {
    shape.push_back(BigEndian(header.data() + 4 * i));
    if (shape.back() < 1 || bytes > kMaxBytes / shape.back()) {
      Fail(ErrorKind::kUsage, "{}: its header says {} for dimension {}: the file is corrupt",
           path.string(), shape.back(), i);
    }
    bytes *= shape.back();
  }
  torch::Tensor values = torch::empty(shape, torch::kUInt8);
  file.ReadAll(values.data_ptr<uint8_t>(), bytes);
  file.ExpectEnd();
  return values;
}

void CheckLabels(const std::filesystem::path& path, const torch::Tensor& labels, int classes) {
  const torch::Tensor wrong = (labels < 0).logical_or(labels >= classes).nonzero();
  if (wrong.size(0) == 0) return;
  const auto index = wrong[0][0].item<int64_t>();
  Fail(ErrorKind::kUsage,
       "{}: image {} has label {}, but there are {} classes: the file is corrupt", path.string(),
       index, labels[index].item<int64_t>(), classes);
}

}  // namespace zerosweep
