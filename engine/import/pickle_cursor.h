// Reads the bytes of a pickle in order. A read past the end is an error of the file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace zerosweep {

class PickleCursor {
 public:
  // Both must outlive the cursor.
  PickleCursor(std::string_view bytes, const std::string& origin)
      : bytes_(bytes), origin_(origin) {}

  std::string_view Take(uint64_t size);
  // Little-endian, of up to 8 bytes; Signed: two's complement.
  uint64_t Unsigned(int size);
  int64_t Signed(uint64_t size);
  double BigEndianDouble();
  // Reads up to the next line feed, which is skipped.
  std::string Line();

  size_t at() const { return at_; }  // bytes read so far

  // Throws kUsage, naming the file and the place.
  [[noreturn]] void FailCorrupt(const std::string& what) const;

 private:
  std::string_view bytes_;
  const std::string& origin_;
  size_t at_ = 0;
};

}  // namespace zerosweep
