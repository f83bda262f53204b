// Checks of sizes in untrusted files.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace zerosweep {

// The number of bytes of a tensor of `shape`. Throws kUsage, naming file and tensor, for negative
// sizes and for more than 2^40 bytes.
uint64_t ByteCount(const std::vector<int64_t>& shape, uint64_t element_bytes,
                   const std::string& file, const std::string& tensor);

}  // namespace zerosweep
