// Views of storages, as untrusted files claim them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace zerosweep {

// Checks that a view lies inside a storage of `elements` elements; it may show an element more than
// once. `name` is the tensor's. Throws kUsage, naming `origin` and the tensor.
void CheckView(const std::string& origin, const std::string& name, int64_t offset,
               const std::vector<int64_t>& shape, const std::vector<int64_t>& strides,
               int64_t elements);

}  // namespace zerosweep
