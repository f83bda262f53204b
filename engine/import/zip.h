// A zip archive in memory, of stored (uncompressed) entries only, as torch.save writes them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace zerosweep {

class ZipArchive {
 public:
  // `bytes` is the whole file and must outlive the archive; `origin` names it in errors. Throws
  // kUsage for anything that is not a whole archive of stored entries with right checksums.
  ZipArchive(std::string_view bytes, std::string origin);

  const std::map<std::string, std::string_view>& entries() const { return entries_; }

 private:
  void ReadDirectory();
  // Reads the entry whose directory record begins at `at`; returns where the next begins.
  uint64_t ReadEntry(uint64_t at);
  // The little-endian number of `size` bytes at `at`. Throws kUsage past the end of the file.
  uint64_t Number(uint64_t at, int size) const;
  std::string_view Bytes(uint64_t at, uint64_t size) const;
  [[noreturn]] void FailCorrupt(const std::string& what) const;

  std::string_view bytes_;
  std::string origin_;
  std::map<std::string, std::string_view> entries_;
};

}  // namespace zerosweep
