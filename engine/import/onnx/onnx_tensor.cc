#include "engine/import/onnx/onnx_tensor.h"

#include <onnx/onnx-ml.pb.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "base/error.h"
#include "contract/tensor_file.h"
#include "engine/import/names.h"

namespace zerosweep {
namespace {

static_assert(std::endian::native == std::endian::little, "raw_data is little-endian");

constexpr int kMostDimensions = 8;

// Names of TensorProto.DataType, in the order of their numbers; `type` of those that are read.
struct DataType {
  const char* name;
  torch::ScalarType type = torch::ScalarType::Undefined;
};
constexpr std::array<DataType, 29> kDataTypes = {{{"undefined"},
                                                  {"float", torch::kFloat32},
                                                  {"uint8", torch::kUInt8},
                                                  {"int8", torch::kInt8},
                                                  {"uint16"},
                                                  {"int16", torch::kInt16},
                                                  {"int32", torch::kInt32},
                                                  {"int64", torch::kInt64},
                                                  {"string"},
                                                  {"bool", torch::kBool},
                                                  {"float16", torch::kFloat16},
                                                  {"double", torch::kFloat64},
                                                  {"uint32"},
                                                  {"uint64"},
                                                  {"complex64"},
                                                  {"complex128"},
                                                  {"bfloat16", torch::kBFloat16},
                                                  {"float8e4m3fn"},
                                                  {"float8e4m3fnuz"},
                                                  {"float8e5m2"},
                                                  {"float8e5m2fnuz"},
                                                  {"uint4"},
                                                  {"int4"},
                                                  {"float4e2m1"},
                                                  {"float8e8m0"},
                                                  {"uint2"},
                                                  {"int2"},
                                                  {"float6e2m3"},
                                                  {"float6e3m2"}}};

class Taker {
 public:
  Taker(onnx::TensorProto& tensor, ExternalFiles& files, const std::string& what,
        const std::string& origin)
      : proto_(tensor), files_(files), what_(ShownName(what)), origin_(origin) {}

  torch::Tensor Take() {
    type_ = Type();
    shape_.assign(proto_.dims().begin(), proto_.dims().end());
    if (proto_.dims_size() > kMostDimensions) {
      FailHere(fmt::format("has {} dimensions, more than {}", shape_.size(), kMostDimensions));
    }
    if (proto_.has_segment()) FailHere("is stored in segments, which are not read");
    // Where one size is zero, the others are bounded all the same.
    std::vector<int64_t> not_zero = shape_;
    std::replace(not_zero.begin(), not_zero.end(), int64_t{0}, int64_t{1});
    ByteCount(not_zero, torch::elementSize(type_), origin_, what_);
    bytes_ = ByteCount(shape_, torch::elementSize(type_), origin_, what_);
    const torch::Tensor tensor = Values();
    CheckValues(tensor);
    return tensor;
  }

 private:
  torch::ScalarType Type() const {
    const int number = proto_.data_type();
    const bool known = number >= 0 && number < static_cast<int>(kDataTypes.size());
    const DataType type = known ? kDataTypes[static_cast<size_t>(number)] : DataType{"unknown"};
    if (type.type == torch::ScalarType::Undefined) {
      FailHere(fmt::format("is of type {} ({}), which is not read", type.name, number));
    }
    return type.type;
  }

  torch::Tensor Values() {
    const int typed = proto_.float_data_size() + proto_.int32_data_size() +
                      proto_.int64_data_size() + proto_.double_data_size() +
                      proto_.uint64_data_size() + proto_.string_data_size();
    if (proto_.data_location() == onnx::TensorProto::EXTERNAL) {
      if (typed > 0 || proto_.has_raw_data()) FailHere("has values both here and in another file");
      return External();
    }
    if (proto_.has_raw_data()) {
      if (typed > 0) FailHere("has its values twice");
      return Raw();
    }
    return Typed(typed);
  }

  torch::Tensor External() {
    std::map<std::string, std::string> entries;
    for (const auto& entry : proto_.external_data()) entries[entry.key()] = entry.value();
    const uint64_t offset = files_.Locate(entries, bytes_, what_);
    const torch::Tensor tensor = Empty();
    files_.file().Read(offset, bytes_, static_cast<char*>(tensor.data_ptr()));
    return tensor;
  }

  // Large tensors keep the bytes of the message; small ones are copied.
  torch::Tensor Raw() {
    if (proto_.raw_data().size() != bytes_) {
      FailHere(
          fmt::format("needs {} bytes by its shape, but has {}", bytes_, proto_.raw_data().size()));
    }
    const std::shared_ptr<std::string> raw(proto_.release_raw_data());
    const uint64_t element = torch::elementSize(type_);
    if (bytes_ < 1024 || reinterpret_cast<uintptr_t>(raw->data()) % element != 0) {
      const torch::Tensor tensor = Empty();
      if (bytes_ > 0) std::memcpy(tensor.data_ptr(), raw->data(), bytes_);
      return tensor;
    }
    return torch::from_blob(
        raw->data(), shape_, [raw](void*) {}, type_);
  }

  torch::Tensor Typed(int typed) {
    switch (type_) {
      case torch::kFloat32:
        return Copied<float>(proto_.float_data(), typed);
      case torch::kFloat64:
        return Copied<double>(proto_.double_data(), typed);
      case torch::kInt64:
        return Copied<int64_t>(proto_.int64_data(), typed);
      case torch::kInt32:
        return Copied<int32_t>(proto_.int32_data(), typed);
      case torch::kInt16:
        return Copied<int16_t>(proto_.int32_data(), typed);
      case torch::kInt8:
        return Copied<int8_t>(proto_.int32_data(), typed);
      case torch::kUInt8:
        return Copied<uint8_t>(proto_.int32_data(), typed);
      case torch::kBool:
        return Copied<uint8_t>(proto_.int32_data(), typed);
      default:  // the bits of a half-precision number
        return Copied<uint16_t>(proto_.int32_data(), typed);
    }
  }

  // `typed`: how many values the message has in all lists.
  template <typename T, typename List>
  torch::Tensor Copied(const List& values, int typed) {
    const uint64_t count = bytes_ / torch::elementSize(type_);
    if (static_cast<uint64_t>(values.size()) != count || values.size() != typed) {
      FailHere(fmt::format("needs {} values by its shape and type, but has {}", count, typed));
    }
    const torch::Tensor tensor = Empty();
    T* to = static_cast<T*>(tensor.data_ptr());
    for (const auto value : values) {
      if constexpr (std::numeric_limits<T>::is_integer) {
        if (!std::in_range<T>(value)) FailHere("has a value outside its type");
      }
      *to++ = static_cast<T>(value);
    }
    return tensor;
  }

  torch::Tensor Empty() const { return torch::empty(shape_, type_); }

  void CheckValues(const torch::Tensor& tensor) const {
    if (type_ == torch::kBool) {  // a byte other than 0 and 1 is no bool to the compiler
      const auto* bytes = static_cast<const uint8_t*>(tensor.const_data_ptr());
      if (std::any_of(bytes, bytes + bytes_, [](uint8_t byte) { return byte > 1; })) {
        FailHere("has a value outside its type");
      }
    }
    if (!tensor.is_floating_point()) return;
    const bool finite = torch::isfinite(tensor).all().item<bool>();
    if (!finite && (tensor.numel() > 1 || torch::isnan(tensor).any().item<bool>())) {
      FailHere("holds numbers that are not finite");
    }
  }

  [[noreturn]] void FailHere(const std::string& why) const {
    Fail(ErrorKind::kUsage, "{}: '{}' {}", origin_, what_, why);
  }

  onnx::TensorProto& proto_;
  ExternalFiles& files_;
  std::string what_;
  const std::string& origin_;
  torch::ScalarType type_ = torch::kFloat32;
  std::vector<int64_t> shape_;
  uint64_t bytes_ = 0;
};

}  // namespace

torch::Tensor TakeOnnxTensor(onnx::TensorProto& tensor, ExternalFiles& files,
                             const std::string& what, const std::string& origin) {
  return Taker(tensor, files, what, origin).Take();
}

}  // namespace zerosweep
