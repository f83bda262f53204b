#include "engine/import/zip.h"

#include <zlib.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "engine/import/input_file.h"

namespace zerosweep {
namespace {

// Signatures and record sizes of PKWARE's APPNOTE 6.3, sections 4.3.7, 4.3.12 and 4.3.14 to 4.3.16,
// 4.4.5 and 4.5.3.
constexpr uint64_t kLocalSignature = 0x04034b50;
constexpr uint64_t kDirectorySignature = 0x02014b50;
constexpr uint64_t kLocalBytes = 30;
constexpr uint64_t kDirectoryBytes = 46;
constexpr uint64_t kEndBytes = 22;
constexpr std::string_view kEndSignature("PK\5\6", 4);
constexpr uint64_t kZip64 = 0xffffffff;  // "see the zip64 record"
constexpr uint64_t kZip64Count = 0xffff;
constexpr uint64_t kZip64EndSignature = 0x06064b50;
constexpr uint64_t kZip64LocatorSignature = 0x07064b50;
constexpr uint64_t kZip64LocatorBytes = 20;
constexpr uint64_t kZip64Extra = 1;
constexpr uint64_t kStored = 0, kDeflated = 8;

}  // namespace

ZipArchive::ZipArchive(std::string_view bytes, std::string origin)
    : bytes_(bytes), origin_(std::move(origin)), room_(bytes.size() + kFreeMemory) {
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
  uint64_t count = Number(end + 10, 2);
  uint64_t at = Number(end + 16, 4);
  if (at == kZip64 || count == kZip64Count) {
    if (end < kZip64LocatorBytes || Number(end - kZip64LocatorBytes, 4) != kZip64LocatorSignature) {
      FailCorrupt("its zip64 directory is missing");
    }
    const uint64_t record = Number(end - kZip64LocatorBytes + 8, 8);
    if (Number(record, 4) != kZip64EndSignature) FailCorrupt("its zip64 directory is damaged");
    count = Number(record + 32, 8);
    at = Number(record + 48, 8);
  }
  for (uint64_t i = 0; i < count; ++i) at = ReadEntry(at);
}

uint64_t ZipArchive::ReadEntry(uint64_t at) {
  if (Number(at, 4) != kDirectorySignature) FailCorrupt("its zip directory is damaged");
  const uint64_t name_length = Number(at + 28, 2), extra_length = Number(at + 30, 2);
  Record record{.name = std::string(Bytes(at + kDirectoryBytes, name_length)),
                .method = Number(at + 10, 2),
                .checksum = Number(at + 16, 4),
                .stored = Number(at + 20, 4),
                .size = Number(at + 24, 4),
                .local = Number(at + 42, 4)};
  const uint64_t extra = at + kDirectoryBytes + name_length;
  ReadZip64(extra, extra + extra_length, record);
  const std::string_view content = Content(record);
  const uint64_t found = crc32_z(crc32_z(0, nullptr, 0),
                                 reinterpret_cast<const Bytef*>(content.data()), content.size());
  if (found != record.checksum) {
    FailCorrupt("the checksum of entry '" + record.name + "' does not match");
  }
  if (!entries_.emplace(record.name, content).second) {
    FailCorrupt("entry '" + record.name + "' is there twice");
  }
  return extra + extra_length + Number(at + 32, 2);
}

void ZipArchive::ReadZip64(uint64_t at, uint64_t end, Record& record) const {
  while (at + 4 <= end) {
    const uint64_t kind = Number(at, 2), size = Number(at + 2, 2);
    at += 4;
    const uint64_t next = at + size;
    if (kind == kZip64Extra) {
      // The record holds the numbers that do not fit, in this order.
      for (uint64_t* number : {&record.size, &record.stored, &record.local}) {
        if (*number != kZip64) continue;
        if (at + 8 > next) FailCorrupt("entry '" + record.name + "' is damaged");
        *number = Number(at, 8);
        at += 8;
      }
    }
    at = next;
  }
}

std::string_view ZipArchive::Content(const Record& record) {
  if (Number(record.local, 4) != kLocalSignature) {
    FailCorrupt("entry '" + record.name + "' is damaged");
  }
  const uint64_t data =
      record.local + kLocalBytes + Number(record.local + 26, 2) + Number(record.local + 28, 2);
  const std::string_view stored = Bytes(data, record.stored);
  if (record.stored > bytes_.size() - stored_) FailCorrupt("its entries overlap");
  stored_ += record.stored;
  if (record.method == kDeflated) return Inflate(record, stored);
  if (record.method == kStored && record.stored == record.size) return stored;
  Fail(ErrorKind::kUsage, "{}: entry '{}' is compressed by method {}, which is not read", origin_,
       record.name, record.method);
}

std::string_view ZipArchive::Inflate(const Record& record, std::string_view stored) {
  if (record.size > room_) {
    Fail(ErrorKind::kUsage, "{}: its entries would take more than twice the file and 100 MB",
         origin_);
  }
  room_ -= record.size;
  if (!inflated_) inflated_ = std::make_shared<std::deque<std::string>>();
  std::string& content = inflated_->emplace_back(record.size, '\0');
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) {
    Fail(ErrorKind::kInternal, "zlib cannot begin to inflate");
  }
  // zlib counts in 32 bits.
  constexpr uint64_t kMaxAtOnce = 1 << 30;
  uint64_t read = 0, written = 0;
  int result = Z_OK;
  while (result == Z_OK) {
    const uint64_t in = std::min<uint64_t>(kMaxAtOnce, stored.size() - read);
    const uint64_t out = std::min<uint64_t>(kMaxAtOnce, content.size() - written);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(stored.data() + read));
    stream.avail_in = static_cast<uInt>(in);
    stream.next_out = reinterpret_cast<Bytef*>(content.data() + written);
    stream.avail_out = static_cast<uInt>(out);
    result = inflate(&stream, Z_NO_FLUSH);
    read += in - stream.avail_in;
    written += out - stream.avail_out;
  }
  inflateEnd(&stream);
  if (result != Z_STREAM_END || written != record.size) {
    FailCorrupt("entry '" + record.name + "' cannot be inflated");
  }
  return content;
}

std::shared_ptr<const void> ZipArchive::KeepAlive(std::shared_ptr<const void> file) const {
  if (!inflated_) return file;
  return std::make_shared<std::pair<std::shared_ptr<const void>, std::shared_ptr<const void>>>(
      std::move(file), inflated_);
}

}  // namespace zerosweep
