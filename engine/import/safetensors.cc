#include "engine/import/safetensors.h"

#include <torch/types.h>

#include <array>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "contract/tensor_file.h"
#include "engine/import/input_file.h"

namespace zerosweep {
namespace {

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

torch::ScalarType TypeOf(const std::string& name) {
  for (const auto& [known, type] : kTypes) {
    if (name == known) return type;
  }
  Fail(ErrorKind::kInternal, "no tensor holds {}", name);
}

}  // namespace

std::map<std::string, torch::Tensor> ReadSafetensors(const std::filesystem::path& path) {
  return ParseSafetensors(ReadInputFile(path, "weights"), path.string());
}

std::map<std::string, torch::Tensor> ParseSafetensors(std::string bytes,
                                                      const std::string& origin) {
  const TensorFile file(std::move(bytes), origin);
  std::map<std::string, torch::Tensor> tensors;
  for (const auto& [name, entry] : file.entries()) {
    torch::Tensor tensor = torch::empty(entry.shape, TypeOf(entry.type));
    if (!entry.bytes.empty())
      std::memcpy(tensor.data_ptr(), entry.bytes.data(), entry.bytes.size());
    tensors[name] = std::move(tensor);
  }
  return tensors;
}

void WriteSafetensors(const std::filesystem::path& path,
                      const std::map<std::string, torch::Tensor>& tensors,
                      const std::map<std::string, std::string>& metadata) {
  Json header = Json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::vector<torch::Tensor> plain;  // holds what the parts point to
  std::vector<std::string_view> parts(1);
  size_t end = 0;
  for (const auto& [name, tensor] : tensors) {
    const torch::Tensor& one = plain.emplace_back(tensor.detach().cpu().contiguous());
    const size_t begin = std::exchange(end, end + one.nbytes());
    parts.emplace_back(static_cast<const char*>(one.const_data_ptr()), one.nbytes());
    header[name] = {{"dtype", NameOf(one.scalar_type())},
                    {"shape", one.sizes().vec()},
                    {"data_offsets", {begin, end}}};
  }
  std::string text = header.dump();
  text.append((kAlignment - text.size() % kAlignment) % kAlignment, ' ');
  std::string size;
  for (int i = 0; i < 8; ++i) size.push_back(static_cast<char>(text.size() >> (8 * i) & 0xff));
  text.insert(0, size);
  parts.front() = text;
  WriteFileAtomically(path, parts, kUsualMode);
}

}  // namespace zerosweep
