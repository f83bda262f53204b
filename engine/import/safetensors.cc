#include "engine/import/safetensors.h"

#include <torch/types.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "engine/import/input_file.h"
#include "engine/import/shape.h"

namespace zerosweep {
namespace {

constexpr uint64_t kMaxHeaderBytes = 100'000'000;  // as the reference implementation
constexpr size_t kAlignment = 8;

constexpr std::array<std::pair<const char*, torch::ScalarType>, 10> kTypes = {{
    {"F64", torch::kFloat64},
    {"F32", torch::kFloat32},
    {"F16", torch::kFloat16},
    {"BF16", torch::kBFloat16},
    {"I64", torch::kInt64},
    {"I32", torch::kInt32},
    {"I16", torch::kInt16},
    {"I8", torch::kInt8},
    {"U8", torch::kUInt8},
    {"BOOL", torch::kBool},
}};

const char* NameOf(torch::ScalarType type) {
  for (const auto& [name, known] : kTypes) {
    if (known == type) return name;
  }
  Fail(ErrorKind::kInternal, "safetensors cannot hold {}", c10::toString(type));
}

class Reader {
 public:
  explicit Reader(const std::filesystem::path& path)
      : path_(path), bytes_(ReadInputFile(path, "weights")) {}

  std::map<std::string, torch::Tensor> Read() {
    const Json header = ReadHeader();
    std::map<std::string, torch::Tensor> tensors;
    for (const auto& [name, entry] : header.items()) {
      if (name == "__metadata__") continue;
      try {
        tensors[name] = ReadTensor(name, entry);
      } catch (const Json::exception& error) {
        Fail(ErrorKind::kUsage, "{} is corrupt: the header's entry '{}' is malformed ({})",
             path_.string(), name, error.what());
      }
    }
    CheckLayout();
    return tensors;
  }

 private:
  Json ReadHeader() {
    if (bytes_.size() < 8) {
      Fail(ErrorKind::kUsage, "{} is truncated: {} bytes are no safetensors file", path_.string(),
           bytes_.size());
    }
    uint64_t length = 0;
    for (int i = 7; i >= 0; --i) length = length << 8 | static_cast<uint8_t>(bytes_[i]);
    if (length > kMaxHeaderBytes) {
      Fail(ErrorKind::kUsage, "{} is corrupt or no safetensors file: its header claims {} bytes",
           path_.string(), length);
    }
    if (length > bytes_.size() - 8) {
      Fail(ErrorKind::kUsage, "{} is truncated: its header needs {} bytes, but {} are there",
           path_.string(), length, bytes_.size() - 8);
    }
    data_ = 8 + static_cast<size_t>(length);
    Json header = ParseJson(std::string_view(bytes_).substr(8, length), path_.string());
    if (!header.is_object()) {
      Fail(ErrorKind::kUsage, "{} is corrupt: its header is not a JSON object", path_.string());
    }
    return header;
  }

  torch::Tensor ReadTensor(const std::string& name, const Json& entry) {
    const auto type_name = entry.at("dtype").get<std::string>();
    const auto shape = entry.at("shape").get<std::vector<int64_t>>();
    const auto offsets = entry.at("data_offsets").get<std::vector<uint64_t>>();
    const auto type = std::find_if(kTypes.begin(), kTypes.end(),
                                   [&](const auto& known) { return type_name == known.first; });
    if (type == kTypes.end()) {
      Fail(ErrorKind::kUsage, "{}: '{}' is of type {}, which is not supported", path_.string(),
           name, type_name);
    }
    if (offsets.size() != 2 || offsets[0] > offsets[1]) {
      Fail(ErrorKind::kUsage, "{} is corrupt: the offsets of '{}' are not an interval",
           path_.string(), name);
    }
    if (offsets[1] > bytes_.size() - data_) {
      Fail(ErrorKind::kUsage, "{} is truncated: '{}' ends at byte {}, but the data have {}",
           path_.string(), name, offsets[1], bytes_.size() - data_);
    }
    const uint64_t size = ByteCount(shape, torch::elementSize(type->second), path_.string(), name);
    if (size != offsets[1] - offsets[0]) {
      Fail(ErrorKind::kUsage, "{} is corrupt: '{}' needs {} bytes by its shape, but has {}",
           path_.string(), name, size, offsets[1] - offsets[0]);
    }
    intervals_.emplace_back(offsets[0], offsets[1]);
    torch::Tensor tensor = torch::empty(shape, type->second);
    if (size > 0) std::memcpy(tensor.data_ptr(), bytes_.data() + data_ + offsets[0], size);
    return tensor;
  }

  // The tensors must tile the data: no overlap, no gap, nothing behind.
  void CheckLayout() {
    std::sort(intervals_.begin(), intervals_.end());
    uint64_t end = 0;
    for (const auto& [from, to] : intervals_) {
      if (from != end) {
        Fail(ErrorKind::kUsage, "{} is corrupt: its tensors {} at byte {}", path_.string(),
             from < end ? "overlap" : "leave a gap", std::min(from, end));
      }
      end = to;
    }
    if (end != bytes_.size() - data_) {
      Fail(ErrorKind::kUsage, "{} is corrupt: {} bytes follow the last tensor", path_.string(),
           bytes_.size() - data_ - end);
    }
  }

  std::filesystem::path path_;
  std::string bytes_;
  size_t data_ = 0;  // where the data begin
  std::vector<std::pair<uint64_t, uint64_t>> intervals_;
};

}  // namespace

std::map<std::string, torch::Tensor> ReadSafetensors(const std::filesystem::path& path) {
  return Reader(path).Read();
}

void WriteSafetensors(const std::filesystem::path& path,
                      const std::map<std::string, torch::Tensor>& tensors,
                      const std::map<std::string, std::string>& metadata) {
  Json header = Json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::string data;
  for (const auto& [name, tensor] : tensors) {
    const torch::Tensor plain = tensor.detach().cpu().contiguous();
    const size_t begin = data.size();
    data.append(static_cast<const char*>(plain.const_data_ptr()), plain.nbytes());
    header[name] = {{"dtype", NameOf(plain.scalar_type())},
                    {"shape", plain.sizes().vec()},
                    {"data_offsets", {begin, data.size()}}};
  }
  std::string text = header.dump();
  text.append((kAlignment - text.size() % kAlignment) % kAlignment, ' ');
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<char>(text.size() >> (8 * i) & 0xff));
  WriteFileAtomically(path, bytes + text + data);
}

}  // namespace zerosweep
