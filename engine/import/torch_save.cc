#include "engine/import/torch_save.h"

#include <torch/types.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include "base/error.h"
#include "contract/tensor_file.h"
#include "engine/import/input_file.h"
#include "engine/import/pickle.h"
#include "engine/import/tensor_view.h"
#include "engine/import/zip.h"

namespace zerosweep {
namespace {

using State = std::map<std::string, torch::Tensor>;

constexpr int kMaxLevels = 8;           // of nested containers
constexpr uint64_t kTensorBytes = 512;  // an empty tensor and its entry
constexpr uint64_t kVisitBytes = 16;    // stands for time rather than memory

// The first number of a file from before PyTorch 1.6 (torch/serialization.py, MAGIC_NUMBER),
// little-endian, after the opcode and size of a long integer.
constexpr std::string_view kLegacyMagic("\x8a\nl\xfc\x9c\x46\xf9 j\xa8P\x19", 12);

struct StorageType {
  std::string_view name;
  torch::ScalarType type;
  bool read;  // others are skipped
};
constexpr std::array<StorageType, 16> kStorageTypes = {{
    {"FloatStorage", torch::kFloat32, true},
    {"DoubleStorage", torch::kFloat64, true},
    {"HalfStorage", torch::kFloat16, true},
    {"BFloat16Storage", torch::kBFloat16, true},
    {"LongStorage", torch::kInt64, true},
    {"IntStorage", torch::kInt32, true},
    {"ShortStorage", torch::kInt16, true},
    {"CharStorage", torch::kInt8, true},
    {"ByteStorage", torch::kUInt8, true},
    {"BoolStorage", torch::kBool, true},
    {"ComplexFloatStorage", torch::kComplexFloat, false},
    {"ComplexDoubleStorage", torch::kComplexDouble, false},
    {"QInt8Storage", torch::kQInt8, false},
    {"QUInt8Storage", torch::kQUInt8, false},
    {"QInt32Storage", torch::kQInt32, false},
    {"UntypedStorage", torch::kUInt8, false},  // for new types; counted in bytes
}};

// Finds "torch.FloatStorage" or "torch.cuda.FloatStorage"; nullptr if unknown.
const StorageType* FindType(std::string_view name) {
  for (const std::string_view module : {"torch.cuda.", "torch.storage.", "torch."}) {
    if (!name.starts_with(module)) continue;
    name.remove_prefix(module.size());
    break;
  }
  for (const StorageType& type : kStorageTypes) {
    if (type.name == name) return &type;
  }
  return nullptr;
}

std::vector<int64_t> Integers(const PickleRef list) {
  std::vector<int64_t> numbers;
  for (const PickleRef item : std::get<PickleList>(list->value).items) {
    numbers.push_back(std::get<int64_t>(item->value));
  }
  return numbers;
}

// The bytes of a file's storages, by key.
using StorageBytes = std::map<std::string, std::string_view>;

// Makes tensors from their descriptions in a pickle; each claim is checked before use.
class TensorMaker {
 public:
  TensorMaker(StorageBytes storages, std::shared_ptr<const void> owner, uint64_t file_bytes,
              const std::string& origin)
      : storages_(std::move(storages)),
        owner_(std::move(owner)),
        room_(file_bytes + kFreeMemory),
        origin_(origin) {}

  // Returns an undefined tensor for a type that is not read.
  torch::Tensor Make(const std::string& name, const PickleTensor& claim) {
    const PickleStorage& storage = *std::get<const PickleStorage*>(claim.storage->value);
    const StorageType* type = FindType(storage.type);
    if (type == nullptr || !type->read) return {};
    const std::vector<int64_t> shape = Integers(claim.shape), strides = Integers(claim.strides);
    CheckView(origin_, name, claim.offset, shape, strides, storage.count);
    const torch::Tensor view =
        Storage(name, storage, type->type).as_strided(shape, strides, claim.offset);
    // An expanded tensor has more elements than its storage.
    if (view.nbytes() > room_) FailCrowded();
    if (!claim.negative) return view;
    room_ -= view.nbytes();
    return view.neg();
  }

 private:
  torch::Tensor Storage(const std::string& name, const PickleStorage& claim,
                        torch::ScalarType type) {
    const auto found = storages_.find(claim.key);
    if (found == storages_.end()) {
      Fail(ErrorKind::kUsage, "{} is corrupt: the storage of '{}' is missing", origin_, name);
    }
    const uint64_t element = torch::elementSize(type);
    const uint64_t skipped = ByteCount({claim.offset}, element, origin_, name);
    const uint64_t needed = ByteCount({claim.count}, element, origin_, name);
    if (skipped + needed > found->second.size()) {
      Fail(ErrorKind::kUsage, "{} is corrupt: the storage of '{}' has {} bytes instead of {} × {}",
           origin_, name, found->second.size(), claim.offset + claim.count, element);
    }
    const std::string_view bytes = found->second.substr(skipped, needed);
    if (reinterpret_cast<uintptr_t>(bytes.data()) % element != 0) {
      return Copied(claim.key, found->second, type)
          .slice(0, claim.offset, claim.offset + claim.count);
    }
    // The tensor is never written to; its values are copied into a graph.
    return torch::from_blob(
        const_cast<char*>(bytes.data()), {claim.count}, [owner = owner_](void*) {}, type);
  }

  // Returns a copy of the whole storage at an aligned address.
  torch::Tensor Copied(const std::string& key, std::string_view bytes, torch::ScalarType type) {
    torch::Tensor& copy = copies_[{key, type}];
    if (copy.defined()) return copy;
    if (bytes.size() > room_) FailCrowded();
    room_ -= bytes.size();
    const uint64_t element = torch::elementSize(type);
    copy = torch::empty({static_cast<int64_t>(bytes.size() / element)}, type);
    if (copy.nbytes() > 0) std::memcpy(copy.data_ptr(), bytes.data(), copy.nbytes());
    return copy;
  }

  [[noreturn]] void FailCrowded() const {
    Fail(ErrorKind::kUsage,
         "{} holds tensors of more numbers than a checkpoint of its size has: save "
         "model.state_dict() alone",
         origin_);
  }

  StorageBytes storages_;
  std::shared_ptr<const void> owner_;  // owns the bytes
  uint64_t room_;                      // bytes that copies may still take
  const std::string& origin_;
  std::map<std::pair<std::string, torch::ScalarType>, torch::Tensor> copies_;
};

// Gathers the tensors under an object by their full names.
class Gatherer {
 public:
  Gatherer(TensorMaker& maker, uint64_t file_bytes, const std::string& origin)
      : maker_(maker), room_(file_bytes + kFreeMemory), origin_(origin) {}

  State Gather(const PickleObject& root) {
    Visit(root, {});
    const bool any = std::any_of(state_.begin(), state_.end(),
                                 [](const auto& entry) { return entry.second.defined(); });
    if (any) return std::move(state_);
    Fail(ErrorKind::kUsage, "{} holds {}: save model.state_dict()", origin_, WhatIsThere(root));
  }

 private:
  struct Place {
    std::string name;
    int level = 0;  // keys on the path
    int depth = 0;  // objects on the path, which may form a cycle
  };

  void Visit(const PickleObject& object, const Place& place) {
    Charge(kVisitBytes);
    const Place inside{place.name, place.level, place.depth + 1};
    if (const auto* tensor = std::get_if<PickleTensor>(&object.value)) {
      Take(*tensor, place.name);
    } else if (place.level > kMaxLevels || place.depth > 4 * kMaxLevels) {
      too_deep_ = true;
    } else if (const auto* dict = std::get_if<PickleDict>(&object.value)) {
      for (const auto& [key, value] : dict->items) VisitItem(*key, *value, inside);
    } else if (const auto* list = std::get_if<PickleList>(&object.value)) {
      for (size_t i = 0; i < list->items.size(); ++i) {
        VisitNamed(std::to_string(i), *list->items[i], inside);
      }
    } else if (const auto* opaque = std::get_if<PickleOpaque>(&object.value)) {
      if (IsTensor(*opaque)) state_.emplace(place.name, torch::Tensor());
      if (opaque->arguments != nullptr) Visit(*opaque->arguments, inside);
      if (opaque->items != nullptr) Visit(*opaque->items, inside);
      if (opaque->attributes != nullptr) Visit(*opaque->attributes, inside);
    }
  }

  void VisitItem(const PickleObject& key, const PickleObject& value, const Place& place) {
    if (const auto* text = std::get_if<std::string>(&key.value)) {
      // A pickled module keeps its tensors and submodules in dictionaries of these names, which do
      // not appear in the keys of its state dict.
      const bool of_module = *text == "_parameters" || *text == "_buffers" || *text == "_modules";
      of_module ? Visit(value, place) : VisitNamed(*text, value, place);
    } else if (const auto* number = std::get_if<int64_t>(&key.value)) {
      VisitNamed(std::to_string(*number), value, place);
    }
  }

  void VisitNamed(const std::string& key, const PickleObject& value, const Place& place) {
    Charge(kVisitBytes);
    if (std::holds_alternative<PickleTensor>(value.value) ||
        std::holds_alternative<PickleDict>(value.value) ||
        std::holds_alternative<PickleList>(value.value) ||
        std::holds_alternative<PickleOpaque>(value.value)) {
      Charge(place.name.size() + key.size());
      Visit(value,
            {place.name.empty() ? key : place.name + "." + key, place.level + 1, place.depth});
    }
  }

  void Take(const PickleTensor& claim, const std::string& name) {
    Charge(kTensorBytes + name.size());
    const torch::Tensor tensor = maker_.Make(name, claim);
    const auto [known, is_new] = state_.emplace(name, tensor);
    if (!is_new && !Same(known->second, tensor)) {
      Fail(ErrorKind::kUsage, "{} holds two tensors that are called '{}', and they differ", origin_,
           name);
    }
  }

  // Whether it is a sparse, quantized or other tensor of PyTorch, or an array of numpy.
  static bool IsTensor(const PickleOpaque& opaque) {
    return opaque.name.starts_with("torch._utils._rebuild") ||
           opaque.name.ends_with(".multiarray._reconstruct");
  }

  static bool Same(const torch::Tensor& a, const torch::Tensor& b) {
    if (!a.defined() || !b.defined()) return a.defined() == b.defined();
    return a.sizes() == b.sizes() && torch::equal(a, b);
  }

  void Charge(uint64_t bytes) {
    if (bytes > room_) {
      Fail(ErrorKind::kUsage,
           "{} names more tensors than a checkpoint of its size has: save model.state_dict() alone",
           origin_);
    }
    room_ -= bytes;
  }

  std::string WhatIsThere(const PickleObject& root) const {
    if (too_deep_) return fmt::format("no tensor in {} levels of dictionaries", kMaxLevels);
    if (const auto* opaque = std::get_if<PickleOpaque>(&root.value)) {
      return fmt::format("a '{}' without tensors", opaque->name);
    }
    const bool dictionary = std::holds_alternative<PickleDict>(root.value);
    return dictionary ? "a dictionary without tensors" : "no dictionary";
  }

  TensorMaker& maker_;
  uint64_t room_;  // bytes that may still be taken
  const std::string& origin_;
  State state_;
  bool too_deep_ = false;
};

State ReadArchive(std::shared_ptr<const std::string> bytes, const std::string& origin) {
  const ZipArchive archive(*bytes, origin);
  const auto& entries = archive.entries();
  constexpr std::string_view kPickle = "data.pkl";
  const auto pickle_entry = std::find_if(entries.begin(), entries.end(), [&](const auto& entry) {
    return entry.first == kPickle || entry.first.ends_with("/data.pkl");
  });
  if (pickle_entry == entries.end()) {
    Fail(ErrorKind::kUsage, "{} is a zip archive, but no torch.save file: it has no data.pkl",
         origin);
  }
  // Everything lies in one folder: "resnet20/".
  const std::string folder =
      pickle_entry->first.substr(0, pickle_entry->first.size() - kPickle.size());
  const auto order = entries.find(folder + "byteorder");
  if (order != entries.end() && order->second != "little") {
    Fail(ErrorKind::kUsage, "{} was written on a big-endian machine, which is not supported",
         origin);
  }
  StorageBytes storages;
  const std::string data = folder + "data/";
  for (auto entry = entries.lower_bound(data);
       entry != entries.end() && entry->first.starts_with(data); ++entry) {
    storages[entry->first.substr(data.size())] = entry->second;
  }
  const Pickle pickle(pickle_entry->second, origin);
  TensorMaker maker(std::move(storages), archive.KeepAlive(bytes), bytes->size(), origin);
  return Gatherer(maker, bytes->size(), origin).Gather(pickle.root());
}

// A file from before PyTorch 1.6 (torch/serialization.py, _legacy_load): five pickles (the magic
// number, the protocol's version, facts about the machine, the saved object, the keys of the
// storages), then for each key the number of elements in 8 bytes, and the elements.
class LegacyFile {
 public:
  LegacyFile(const std::string& bytes, const std::string& origin) : rest_(bytes), origin_(origin) {}

  const PickleObject& root() const { return pickles_[3]->root(); }

  StorageBytes Read() {
    for (int i = 0; i < 5; ++i) {
      pickles_.push_back(std::make_unique<Pickle>(rest_, origin_));
      rest_.remove_prefix(pickles_.back()->size());
    }
    CheckByteOrder(pickles_[2]->root());
    std::map<std::string, uint64_t> element_bytes;
    for (const PickleStorage& storage : pickles_[3]->storages()) {
      const StorageType* type = FindType(storage.type);
      if (type == nullptr) {
        Fail(ErrorKind::kUsage, "{} holds a {}, whose size is not known: save it as safetensors",
             origin_, storage.type);
      }
      element_bytes.emplace(storage.key, torch::elementSize(type->type));
    }
    const auto* keys = std::get_if<PickleList>(&pickles_[4]->root().value);
    if (keys == nullptr) FailCorrupt("it has no list of storages");
    StorageBytes storages;
    for (const PickleRef key : keys->items) {
      const auto* text = std::get_if<std::string>(&key->value);
      if (text == nullptr || !element_bytes.contains(*text)) {
        FailCorrupt("it lists a storage that no tensor has");
      }
      storages[*text] = TakeStorage(element_bytes.at(*text));
    }
    return storages;
  }

 private:
  void CheckByteOrder(const PickleObject& facts) const {
    const auto* dict = std::get_if<PickleDict>(&facts.value);
    if (dict == nullptr) FailCorrupt("it does not say which machine wrote it");
    for (const auto& [key, value] : dict->items) {
      const auto* name = std::get_if<std::string>(&key->value);
      const auto* little = std::get_if<bool>(&value->value);
      if (name != nullptr && *name == "little_endian" && little != nullptr && !*little) {
        Fail(ErrorKind::kUsage, "{} was written on a big-endian machine, which is not supported",
             origin_);
      }
    }
  }

  std::string_view TakeStorage(uint64_t element) {
    constexpr size_t kCountBytes = 8;
    if (rest_.size() < kCountBytes) FailCorrupt("a storage is missing");
    uint64_t count = 0;
    for (size_t i = kCountBytes; i-- > 0;) count = count << 8 | static_cast<uint8_t>(rest_[i]);
    rest_.remove_prefix(kCountBytes);
    if (count > rest_.size() / element) FailCorrupt("a storage reaches past its end");
    const std::string_view storage = rest_.substr(0, count * element);
    rest_.remove_prefix(storage.size());
    return storage;
  }

  [[noreturn]] void FailCorrupt(const std::string& what) const {
    Fail(ErrorKind::kUsage, "{} is truncated or corrupt: {}; fetch it again", origin_, what);
  }

  std::string_view rest_;
  const std::string& origin_;
  std::vector<std::unique_ptr<Pickle>> pickles_;
};

State ReadLegacy(std::shared_ptr<const std::string> bytes, const std::string& origin) {
  LegacyFile file(*bytes, origin);
  TensorMaker maker(file.Read(), bytes, bytes->size(), origin);
  return Gatherer(maker, bytes->size(), origin).Gather(file.root());
}

}  // namespace

bool IsLegacyTorchSave(std::string_view head) {
  head = head.substr(0, kLegacyHeadBytes);
  return head.starts_with('\x80') && head.find(kLegacyMagic) != std::string_view::npos;
}

State ReadTorchSave(std::shared_ptr<const std::string> bytes, const std::string& origin) {
  return IsLegacyTorchSave(*bytes) ? ReadLegacy(std::move(bytes), origin)
                                   : ReadArchive(std::move(bytes), origin);
}

}  // namespace zerosweep
