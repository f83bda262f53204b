#include "engine/import/pickle_cursor.h"

#include <bit>

#include "base/error.h"

namespace zerosweep {

std::string_view PickleCursor::Take(uint64_t size) {
  if (size > bytes_.size() - at_) FailCorrupt("it ends too early");
  at_ += size;
  return bytes_.substr(at_ - size, size);
}

uint64_t PickleCursor::Unsigned(int size) {
  const std::string_view bytes = Take(static_cast<uint64_t>(size));
  uint64_t number = 0;
  for (int i = size - 1; i >= 0; --i) number = number << 8 | static_cast<uint8_t>(bytes[i]);
  return number;
}

int64_t PickleCursor::Signed(uint64_t size) {
  if (size > 8) FailCorrupt("a number has more than 64 bits");
  if (size == 0) return 0;
  const int unused = 64 - 8 * static_cast<int>(size);
  return static_cast<int64_t>(Unsigned(static_cast<int>(size)) << unused) >> unused;
}

double PickleCursor::BigEndianDouble() {
  uint64_t bits = 0;
  for (const char byte : Take(8)) bits = bits << 8 | static_cast<uint8_t>(byte);
  return std::bit_cast<double>(bits);
}

std::string PickleCursor::Line() {
  const size_t end = bytes_.find('\n', at_);
  if (end == std::string_view::npos) FailCorrupt("it ends too early");
  const std::string line(Take(end - at_));
  Take(1);
  return line;
}

void PickleCursor::FailCorrupt(const std::string& what) const {
  Fail(ErrorKind::kUsage, "{} is truncated or corrupt: its pickle is damaged at byte {}: {}",
       origin_, at_, what);
}

}  // namespace zerosweep
