// A zip archive in memory, with stored entries, as torch.save writes them, and deflated ones, as
// archive programs write them.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace zerosweep {

class ZipArchive {
 public:
  // `bytes` is the whole file and must outlive the archive; `origin` names it in errors. Throws
  // kUsage for an incomplete archive, wrong checksums, other compression methods, and entries that
  // take more than the size of the file plus 100 MB.
  ZipArchive(std::string_view bytes, std::string origin);

  const std::map<std::string, std::string_view>& entries() const { return entries_; }
  // Returns a handle that keeps the file and all entries alive and in place.
  std::shared_ptr<const void> KeepAlive(std::shared_ptr<const void> file) const;

 private:
  struct Record {  // of the directory
    std::string name;
    uint64_t method = 0, checksum = 0, stored = 0, size = 0, local = 0;
  };

  void ReadDirectory();
  // Completes `record` from its extra fields in [at, end), which hold numbers beyond 32 bits.
  void ReadZip64(uint64_t at, uint64_t end, Record& record) const;
  std::string_view Content(const Record& record);
  std::string_view Inflate(const Record& record, std::string_view stored);
  // Reads the entry whose directory record begins at `at`; returns where the next begins.
  uint64_t ReadEntry(uint64_t at);
  // The little-endian number of `size` bytes at `at`. Throws kUsage past the end of the file.
  uint64_t Number(uint64_t at, int size) const;
  std::string_view Bytes(uint64_t at, uint64_t size) const;
  [[noreturn]] void FailCorrupt(const std::string& what) const;

  std::string_view bytes_;
  std::string origin_;
  std::map<std::string, std::string_view> entries_;
  uint64_t stored_ = 0;  // bytes of the entries so far, as they lie in the file
  uint64_t room_ = 0;    // bytes that inflated entries may still take
  std::shared_ptr<std::deque<std::string>> inflated_;
};

}  // namespace zerosweep
