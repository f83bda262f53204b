// The safetensors format without a tensor library: 8 bytes little-endian header length, a JSON
// header {name → {dtype, shape, data_offsets}}, then the data.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace zerosweep {

class TensorFile {
 public:
  struct Entry {
    std::string type;  // a type that TypeBytes knows
    std::vector<int64_t> shape;
    std::string_view bytes;  // little-endian elements, row by row; in the TensorFile
  };

  // `bytes` is the content of the file that `name` names in errors. Strict: throws kUsage for a
  // header longer than the file or 100 MB, offsets outside the file, overlaps, gaps, sizes that do
  // not match the shape and unknown types. Reads F64, F32, F16, BF16, I64, I32, I16, I8, U8 and
  // BOOL; skips 8-bit floats, other unsigned integers and complex numbers.
  TensorFile(std::string bytes, std::string name);
  TensorFile(const TensorFile&) = delete;
  TensorFile& operator=(const TensorFile&) = delete;

  const std::map<std::string, Entry>& entries() const { return entries_; }

 private:
  std::string bytes_, name_;
  std::map<std::string, Entry> entries_;
};

// The number of bytes of an element: "F32" 4; 0 for an unsupported type.
uint64_t TypeBytes(std::string_view type);

// The number of bytes of a tensor of `shape`, which an untrusted file claims. Throws kUsage, naming
// file and tensor, for negative sizes and for more than 2^40 bytes.
uint64_t ByteCount(const std::vector<int64_t>& shape, uint64_t element_bytes,
                   const std::string& file, const std::string& tensor);

// Element `index` as a number. REQUIRES: the entry has that element.
double ElementOf(const TensorFile::Entry& entry, size_t index);

}  // namespace zerosweep
