#include "engine/import/zip.h"

#include <zlib.h>

#include <utility>

#include "base/error.h"

namespace zerosweep {
namespace {

// Signatures and record sizes of PKWARE's APPNOTE 6.3, sections 4.3.7, 4.3.12 and 4.3.16.
constexpr uint64_t kLocalSignature = 0x04034b50;
constexpr uint64_t kDirectorySignature = 0x02014b50;
constexpr uint64_t kLocalBytes = 30;
constexpr uint64_t kDirectoryBytes = 46;
constexpr uint64_t kEndBytes = 22;
constexpr std::string_view kEndSignature("PK\5\6", 4);
constexpr uint64_t kZip64 = 0xffffffff;  // "see the zip64 record"

}  // namespace

ZipArchive::ZipArchive(std::string_view bytes, std::string origin)
    : bytes_(bytes), origin_(std::move(origin)) {
  ReadDirectory();
}

void ZipArchive::FailCorrupt(const std::string& what) const {
  Fail(ErrorKind::kUsage, "{} is truncated or corrupt: {}; fetch it again", origin_, what);
}

uint64_t ZipArchive::Number(uint64_t at, int size) const {
  uint64_t number = 0;
  const std::string_view bytes = Bytes(at, static_cast<uint64_t>(size));
  for (int i = size - 1; i >= 0; --i) number = number << 8 | static_cast<uint8_t>(bytes[i]);
  return number;
}

std::string_view ZipArchive::Bytes(uint64_t at, uint64_t size) const {
  if (at > bytes_.size() || size > bytes_.size() - at) {
    FailCorrupt("its zip directory points outside the file");
  }
  return bytes_.substr(at, size);
}

void ZipArchive::ReadDirectory() {
  if (bytes_.size() < kEndBytes) FailCorrupt("it is too short for a zip archive");
  const uint64_t end = bytes_.rfind(kEndSignature);
  if (end == std::string_view::npos || bytes_.size() - end < kEndBytes) {
    FailCorrupt("it has no zip directory");
  }
  if (Number(end + 20, 2) != bytes_.size() - end - kEndBytes) FailCorrupt("its end is missing");
  const uint64_t count = Number(end + 10, 2);
  uint64_t at = Number(end + 16, 4);
  if (at == kZip64 || count == 0xffff) {
    Fail(ErrorKind::kUsage, "{}: zip archives above 4 GB are not read; save it as safetensors",
         origin_);
  }
  for (uint64_t i = 0; i < count; ++i) at = ReadEntry(at);
}

uint64_t ZipArchive::ReadEntry(uint64_t at) {
  if (Number(at, 4) != kDirectorySignature) FailCorrupt("its zip directory is damaged");
  const uint64_t method = Number(at + 10, 2);
  const uint64_t checksum = Number(at + 16, 4);
  const uint64_t stored = Number(at + 20, 4);
  const uint64_t size = Number(at + 24, 4);
  const uint64_t name_length = Number(at + 28, 2);
  const uint64_t local = Number(at + 42, 4);
  const std::string name(Bytes(at + kDirectoryBytes, name_length));
  if (method != 0 || stored != size) {
    Fail(ErrorKind::kUsage, "{}: entry '{}' is compressed: torch.save does not write such files",
         origin_, name);
  }
  if (size == kZip64 || local == kZip64) {
    Fail(ErrorKind::kUsage, "{}: zip archives above 4 GB are not read; save it as safetensors",
         origin_);
  }
  if (Number(local, 4) != kLocalSignature) FailCorrupt("entry '" + name + "' is damaged");
  const uint64_t data = local + kLocalBytes + Number(local + 26, 2) + Number(local + 28, 2);
  const std::string_view content = Bytes(data, size);
  const uint64_t found =
      crc32_z(crc32_z(0, nullptr, 0), reinterpret_cast<const Bytef*>(content.data()), size);
  if (found != checksum) FailCorrupt("the checksum of entry '" + name + "' does not match");
  if (!entries_.emplace(name, content).second) FailCorrupt("entry '" + name + "' is there twice");
  return at + kDirectoryBytes + name_length + Number(at + 30, 2) + Number(at + 32, 2);
}

}  // namespace zerosweep
