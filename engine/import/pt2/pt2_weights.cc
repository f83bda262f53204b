#include "engine/import/pt2/pt2_weights.h"

#include <cstring>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "contract/tensor_file.h"
#include "engine/import/pt2/pt2_json.h"
#include "engine/import/tensor_view.h"

namespace zerosweep {
namespace {

constexpr int64_t kStrided = 7;  // torch/_export/serde/schema.py, Layout

std::vector<int64_t> FixedSizes(const JsonView& list) {
  std::vector<int64_t> sizes;
  for (const JsonView& size : list.Items()) sizes.push_back(size.At("as_int").Int());
  return sizes;
}

// Pickles are refused even where nothing reads them: PyTorch itself would load them.
void RefusePickle(const JsonView& entry, const std::string& place) {
  if (!entry.At("use_pickle").Bool()) return;
  Fail(ErrorKind::kUsage,
       "{} is pickled, which is not read: export the network with plain tensors alone", place);
}

}  // namespace

torch::ScalarType Pt2Type(int64_t code) {
  switch (code) {
    case 1:
      return torch::kUInt8;
    case 2:
      return torch::kInt8;
    case 3:
      return torch::kInt16;
    case 4:
      return torch::kInt32;
    case 5:
      return torch::kInt64;
    case 6:
      return torch::kFloat16;
    case 7:
      return torch::kFloat32;
    case 8:
      return torch::kFloat64;
    case 12:
      return torch::kBool;
    case 13:
      return torch::kBFloat16;
    default:
      return torch::ScalarType::Undefined;
  }
}

Pt2Weights::Pt2Weights(const std::map<std::string, std::string_view>& entries, std::string origin,
                       uint64_t room)
    : entries_(entries), origin_(std::move(origin)), room_(room) {}

void Pt2Weights::AddTable(const std::string& folder, const std::string& file) {
  const auto entry = entries_.find(folder + file);
  if (entry == entries_.end()) return;
  const std::string place = origin_ + ": " + file;
  Json table = ParseBoundedJson(entry->second, place);
  const JsonView config = JsonView(table, place).At("config");
  if (!config.json().is_object()) config.FailCorrupt("'config' is no object");
  for (auto& [key, meta] : table["config"].items()) {
    const std::string of_key = fmt::format("{}: '{}'", origin_, ShownBytes(key));
    RefusePickle(JsonView(meta, of_key), of_key);
    tensors_[key] = {.meta = std::move(meta), .folder = folder};
  }
}

torch::Tensor Pt2Weights::Read(const std::string& key) {
  const Entry& entry = tensors_.at(key);
  const std::string place = fmt::format("{}: '{}'", origin_, key);
  const JsonView claim(entry.meta, place);
  const JsonView meta = claim.At("tensor_meta");
  const int64_t type = meta.At("dtype").Int();
  if (Pt2Type(type) == torch::ScalarType::Undefined) {
    Fail(ErrorKind::kUsage, "{} has elements of type {}, which is not read: convert it to float32",
         place, type);
  }
  if (meta.At("layout").Int() != kStrided) {
    Fail(ErrorKind::kUsage, "{} is sparse or in another layout, which is not read: make it dense",
         place);
  }
  const View view{entry.folder + claim.At("path_name").Name(), type,
                  meta.At("storage_offset").At("as_int").Int(), FixedSizes(meta.At("sizes")),
                  FixedSizes(meta.At("strides"))};
  torch::Tensor& tensor = read_[view];
  if (!tensor.defined()) tensor = Copy(key, view);
  return tensor;
}

torch::Tensor Pt2Weights::Copy(const std::string& key, const View& view) {
  const auto& [path, code, offset, shape, strides] = view;
  const torch::ScalarType type = Pt2Type(code);
  const uint64_t element = torch::elementSize(type);
  const uint64_t bytes = ByteCount(shape, element, origin_, key);
  const auto storage = entries_.find(path);
  if (storage == entries_.end()) {
    Fail(ErrorKind::kUsage, "{} is corrupt: the storage of '{}' is missing", origin_, key);
  }
  const std::string_view content = storage->second;
  const auto count = static_cast<int64_t>(content.size() / element);
  CheckView(origin_, key, offset, shape, strides, count);
  if (bytes > room_) {  // an expanded tensor has more elements than its storage
    Fail(ErrorKind::kUsage, "{} holds tensors of more numbers than a file of its size has",
         origin_);
  }
  room_ -= bytes;
  torch::Tensor copy = torch::empty(shape, type);
  if (bytes == 0) return copy;
  if (type == torch::kBool) {  // other bytes than 0 and 1 are no bool
    return torch::from_blob(const_cast<char*>(content.data()), {count}, torch::kUInt8)
        .as_strided(shape, strides, offset)
        .ne(0);
  }
  if (reinterpret_cast<uintptr_t>(content.data()) % element == 0) {
    // The storage is read alone.
    return copy.copy_(torch::from_blob(const_cast<char*>(content.data()), {count}, type)
                          .as_strided(shape, strides, offset));
  }
  torch::Tensor aligned = torch::empty({count}, type);
  std::memcpy(aligned.data_ptr(), content.data(), aligned.nbytes());
  return copy.copy_(aligned.as_strided(shape, strides, offset));
}

}  // namespace zerosweep
