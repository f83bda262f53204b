#include "engine/import/tensor_view.h"

#include <algorithm>

#include "base/error.h"
#include "contract/tensor_file.h"

namespace zerosweep {

void CheckView(const std::string& origin, const std::string& name, int64_t offset,
               const std::vector<int64_t>& shape, const std::vector<int64_t>& strides,
               int64_t elements) {
  const auto count = static_cast<uint64_t>(std::max<int64_t>(elements, 0));
  const bool empty = ByteCount(shape, 1, origin, name) == 0;
  uint64_t last = static_cast<uint64_t>(offset);
  bool fits = shape.size() == strides.size() && offset >= 0 && last <= count;
  for (size_t i = 0; fits && i < shape.size(); ++i) {
    fits = strides[i] >= 0;
    if (!fits || empty) continue;
    const auto steps = static_cast<uint64_t>(shape[i] - 1);
    fits = steps == 0 || static_cast<uint64_t>(strides[i]) <= (count - last) / steps;
    if (fits) last += steps * static_cast<uint64_t>(strides[i]);
  }
  if (!fits || (!empty && last >= count)) {
    Fail(ErrorKind::kUsage, "{} is corrupt: '{}' reaches outside its storage", origin, name);
  }
}

}  // namespace zerosweep
