#include "contract/tensor_file.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "base/error.h"
#include "base/json.h"

namespace zerosweep {
namespace {

constexpr uint64_t kMaxHeaderBytes = 100'000'000;  // as in the reference implementation

constexpr std::array<std::pair<std::string_view, uint64_t>, 10> kTypes = {{{"F64", 8},
                                                                           {"F32", 4},
                                                                           {"F16", 2},
                                                                           {"BF16", 2},
                                                                           {"I64", 8},
                                                                           {"I32", 4},
                                                                           {"I16", 2},
                                                                           {"I8", 1},
                                                                           {"U8", 1},
                                                                           {"BOOL", 1}}};

// Types of the format that are skipped: no network's weights use them.
constexpr std::array<std::pair<std::string_view, uint64_t>, 7> kPassedOver = {{{"F8_E4M3", 1},
                                                                               {"F8_E5M2", 1},
                                                                               {"F8_E8M0", 1},
                                                                               {"U16", 2},
                                                                               {"U32", 4},
                                                                               {"U64", 8},
                                                                               {"C64", 8}}};

// 0 for a type in neither table.
uint64_t BytesOfAnyType(std::string_view type) {
  for (const auto& [name, bytes] : kPassedOver)
    if (name == type) return bytes;
  return TypeBytes(type);
}

// Reads a file's layout, without copying the tensors.
class Parser {
 public:
  Parser(std::string_view bytes, const std::string& name) : bytes_(bytes), name_(name) {}

  std::map<std::string, TensorFile::Entry> Parse() {
    const Json header = ParseHeader();
    std::map<std::string, TensorFile::Entry> entries;
    for (const auto& [tensor, entry] : header.items()) {
      if (tensor == "__metadata__") continue;
      try {
        TensorFile::Entry parsed = ParseEntry(tensor, entry);
        if (TypeBytes(parsed.type) > 0) entries[tensor] = std::move(parsed);
      } catch (const Json::exception& error) {
        Fail(ErrorKind::kUsage, "{} is corrupt: the header's entry '{}' is malformed ({})", name_,
             tensor, error.what());
      }
    }
    CheckLayout();
    return entries;
  }

 private:
  Json ParseHeader() {
    if (bytes_.size() < 8) {
      Fail(ErrorKind::kUsage, "{} is truncated: {} bytes are no safetensors file", name_,
           bytes_.size());
    }
    uint64_t length = 0;
    for (int i = 7; i >= 0; --i) length = length << 8 | static_cast<uint8_t>(bytes_[i]);
    if (length > kMaxHeaderBytes) {
      Fail(ErrorKind::kUsage, "{} is corrupt or no safetensors file: its header claims {} bytes",
           name_, length);
    }
    if (length > bytes_.size() - 8) {
      Fail(ErrorKind::kUsage, "{} is truncated: its header needs {} bytes, but {} are there", name_,
           length, bytes_.size() - 8);
    }
    data_ = 8 + static_cast<size_t>(length);
    Json header = ParseJson(bytes_.substr(8, length), name_);
    if (!header.is_object())
      Fail(ErrorKind::kUsage, "{} is corrupt: its header is not a JSON object", name_);
    return header;
  }

  TensorFile::Entry ParseEntry(const std::string& tensor, const Json& entry) {
    TensorFile::Entry parsed;
    entry.at("dtype").get_to(parsed.type);
    entry.at("shape").get_to(parsed.shape);
    const auto offsets = entry.at("data_offsets").get<std::vector<uint64_t>>();
    const uint64_t element = BytesOfAnyType(parsed.type);
    if (element == 0) {
      Fail(ErrorKind::kUsage, "{}: '{}' is of type {}, which is not supported", name_, tensor,
           parsed.type);
    }
    if (offsets.size() != 2 || offsets[0] > offsets[1]) {
      Fail(ErrorKind::kUsage, "{} is corrupt: the offsets of '{}' are not an interval", name_,
           tensor);
    }
    if (offsets[1] > bytes_.size() - data_) {
      Fail(ErrorKind::kUsage, "{} is truncated: '{}' ends at byte {}, but the data have {}", name_,
           tensor, offsets[1], bytes_.size() - data_);
    }
    const uint64_t size = ByteCount(parsed.shape, element, name_, tensor);
    if (size != offsets[1] - offsets[0]) {
      Fail(ErrorKind::kUsage, "{} is corrupt: '{}' needs {} bytes by its shape, but has {}", name_,
           tensor, size, offsets[1] - offsets[0]);
    }
    intervals_.emplace_back(offsets[0], offsets[1]);
    parsed.bytes = bytes_.substr(data_ + offsets[0], size);
    return parsed;
  }

  // The tensors must tile the data: no overlap, no gap, nothing after the last one.
  void CheckLayout() {
    std::sort(intervals_.begin(), intervals_.end());
    uint64_t end = 0;
    for (const auto& [from, to] : intervals_) {
      if (from != end) {
        Fail(ErrorKind::kUsage, "{} is corrupt: its tensors {} at byte {}", name_,
             from < end ? "overlap" : "leave a gap", std::min(from, end));
      }
      end = to;
    }
    if (end != bytes_.size() - data_) {
      Fail(ErrorKind::kUsage, "{} is corrupt: {} bytes follow the last tensor", name_,
           bytes_.size() - data_ - end);
    }
  }

  std::string_view bytes_;
  const std::string& name_;
  size_t data_ = 0;  // offset of the data
  std::vector<std::pair<uint64_t, uint64_t>> intervals_;
};

template <typename T>
T At(const TensorFile::Entry& entry, size_t index) {
  T value;
  std::memcpy(&value, entry.bytes.data() + index * sizeof(T), sizeof(T));
  return value;
}

double FromHalf(uint16_t bits) {
  const int exponent = bits >> 10 & 0x1f;
  const int fraction = bits & 0x3ff;
  const double sign = (bits & 0x8000) != 0 ? -1 : 1;
  if (exponent == 0x1f) {
    return fraction == 0 ? sign * std::numeric_limits<double>::infinity()
                         : std::numeric_limits<double>::quiet_NaN();
  }
  if (exponent == 0) return sign * std::ldexp(fraction, -24);
  return sign * std::ldexp(fraction + 0x400, exponent - 25);
}

}  // namespace

TensorFile::TensorFile(std::string bytes, std::string name)
    : bytes_(std::move(bytes)), name_(std::move(name)), entries_(Parser(bytes_, name_).Parse()) {}

uint64_t TypeBytes(std::string_view type) {
  for (const auto& [name, bytes] : kTypes)
    if (name == type) return bytes;
  return 0;
}

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

double ElementOf(const TensorFile::Entry& entry, size_t index) {
  const std::string& type = entry.type;
  if (type == "F32") return At<float>(entry, index);
  if (type == "F64") return At<double>(entry, index);
  if (type == "F16") return FromHalf(At<uint16_t>(entry, index));
  if (type == "BF16") return std::bit_cast<float>(uint32_t{At<uint16_t>(entry, index)} << 16);
  if (type == "I64") return static_cast<double>(At<int64_t>(entry, index));
  if (type == "I32") return At<int32_t>(entry, index);
  if (type == "I16") return At<int16_t>(entry, index);
  if (type == "I8") return At<int8_t>(entry, index);
  return At<uint8_t>(entry, index);
}

}  // namespace zerosweep
