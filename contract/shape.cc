#include "contract/shape.h"

#include <algorithm>

#include "base/error.h"

namespace zerosweep {

uint64_t ByteCount(const std::vector<int64_t>& shape, uint64_t element_bytes,
                   const std::string& file, const std::string& tensor) {
  constexpr uint64_t kMaxBytes = uint64_t{1} << 40;
  uint64_t bytes = element_bytes;
  for (int64_t size : shape) {
    const auto factor = static_cast<uint64_t>(size);
    if (size < 0 || (size > 0 && bytes > kMaxBytes / factor)) {
      Fail(ErrorKind::kUsage, "{} is corrupt: '{}' claims an impossible shape", file, tensor);
    }
    // A zero size makes the whole product zero, yet the other sizes stay bounded.
    bytes *= factor;
  }
  return bytes;
}

}  // namespace zerosweep
