#include "engine/import/torch_save.h"

#include <torch/types.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "base/shape.h"
#include "engine/import/input_file.h"
#include "engine/import/pickle.h"
#include "engine/import/zip.h"

namespace zerosweep {
namespace {

constexpr std::array<std::pair<const char*, torch::ScalarType>, 10> kStorages = {{
    {"torch.FloatStorage", torch::kFloat32},
    {"torch.DoubleStorage", torch::kFloat64},
    {"torch.HalfStorage", torch::kFloat16},
    {"torch.BFloat16Storage", torch::kBFloat16},
    {"torch.LongStorage", torch::kInt64},
    {"torch.IntStorage", torch::kInt32},
    {"torch.ShortStorage", torch::kInt16},
    {"torch.CharStorage", torch::kInt8},
    {"torch.ByteStorage", torch::kUInt8},
    {"torch.BoolStorage", torch::kBool},
}};

class Reader {
 public:
  explicit Reader(const std::filesystem::path& path)
      : origin_(path.string()),
        bytes_(ReadInputFile(path, "weights")),
        archive_(bytes_, origin_),
        folder_(FindFolder()) {}

  std::map<std::string, torch::Tensor> Read() const {
    const auto& entries = archive_.entries();
    const auto order = entries.find(folder_ + "byteorder");
    if (order != entries.end() && order->second != "little") {
      Fail(ErrorKind::kUsage, "{} was written on a big-endian machine, which is not supported",
           origin_);
    }
    const Pickle pickle(entries.at(folder_ + "data.pkl"), origin_);
    std::map<std::string, torch::Tensor> state;
    for (const auto& [key, value] : StateDict(pickle.root()).items) {
      const auto* name = std::get_if<std::string>(&key->value);
      const auto* tensor = std::get_if<PickleTensor>(&value->value);
      if (name == nullptr || tensor == nullptr) {
        Fail(ErrorKind::kUsage, "{}: '{}' is not a tensor: save model.state_dict() alone", origin_,
             name == nullptr ? "a key that is no string" : *name);
      }
      state[*name] = Materialise(*name, *tensor);
    }
    return WithoutModulePrefix(std::move(state));
  }

 private:
  // The folder inside the archive that everything lies in: "resnet20/".
  std::string FindFolder() const {
    constexpr std::string_view kPickle = "data.pkl";
    for (const auto& [name, content] : archive_.entries()) {
      if (name == kPickle) return "";
      if (name.ends_with("/data.pkl")) return name.substr(0, name.size() - kPickle.size());
    }
    Fail(ErrorKind::kUsage, "{} is a zip archive, but no torch.save file: it has no data.pkl",
         origin_);
  }

  const PickleDict& StateDict(const PickleObject& root) const {
    const auto* dict = std::get_if<PickleDict>(&root.value);
    if (dict == nullptr) {
      Fail(ErrorKind::kUsage, "{} holds no dictionary: save model.state_dict()", origin_);
    }
    for (const auto& [key, value] : dict->items) {
      const auto* name = std::get_if<std::string>(&key->value);
      const auto* inner = std::get_if<PickleDict>(&value->value);
      if (name == nullptr || inner == nullptr) continue;
      if (*name == "state_dict" || *name == "model") return *inner;
    }
    return *dict;
  }

  // The tensor as an own, contiguous copy. Each claim of the file is checked before it is used.
  torch::Tensor Materialise(const std::string& name, const PickleTensor& claim) const {
    const auto type = std::find_if(kStorages.begin(), kStorages.end(), [&](const auto& known) {
      return claim.storage.type == known.first;
    });
    const auto entry = archive_.entries().find(folder_ + "data/" + claim.storage.key);
    if (type == kStorages.end() || entry == archive_.entries().end()) {
      Fail(ErrorKind::kUsage, "{} is corrupt: the storage of '{}' is missing", origin_, name);
    }
    const uint64_t element = torch::elementSize(type->second);
    if (entry->second.size() != ByteCount({claim.storage.count}, element, origin_, name)) {
      Fail(ErrorKind::kUsage, "{} is corrupt: the storage of '{}' has {} bytes instead of {} × {}",
           origin_, name, entry->second.size(), claim.storage.count, element);
    }
    CheckView(name, claim, ByteCount(claim.shape, 1, origin_, name));
    torch::Tensor storage = torch::empty({claim.storage.count}, type->second);
    if (!entry->second.empty()) {
      std::memcpy(storage.data_ptr(), entry->second.data(), entry->second.size());
    }
    return storage.as_strided(claim.shape, claim.strides, claim.offset)
        .clone(at::MemoryFormat::Contiguous);
  }

  // The view must lie inside its storage and hold no more elements than that.
  void CheckView(const std::string& name, const PickleTensor& claim, uint64_t elements) const {
    const auto count = static_cast<uint64_t>(claim.storage.count);
    bool fits = claim.shape.size() == claim.strides.size() && claim.offset >= 0 &&
                static_cast<uint64_t>(claim.offset) <= count && elements <= count;
    uint64_t last = static_cast<uint64_t>(claim.offset);
    for (size_t i = 0; fits && elements > 0 && i < claim.shape.size(); ++i) {
      const auto steps = static_cast<uint64_t>(claim.shape[i] - 1);
      const auto stride = static_cast<uint64_t>(claim.strides[i]);
      fits = claim.strides[i] >= 0 && (steps == 0 || stride <= (count - last) / steps);
      if (fits) last += steps * stride;
    }
    if (!fits || (elements > 0 && last >= count)) {
      Fail(ErrorKind::kUsage, "{} is corrupt: '{}' reaches outside its storage", origin_, name);
    }
  }

  static std::map<std::string, torch::Tensor> WithoutModulePrefix(
      std::map<std::string, torch::Tensor> state) {
    constexpr std::string_view kPrefix = "module.";
    const bool everywhere = std::all_of(state.begin(), state.end(), [&](const auto& entry) {
      return entry.first.starts_with(kPrefix);
    });
    if (!everywhere) return state;
    std::map<std::string, torch::Tensor> stripped;
    for (const auto& [name, tensor] : state) stripped[name.substr(kPrefix.size())] = tensor;
    return stripped;
  }

  std::string origin_;
  std::string bytes_;
  ZipArchive archive_;
  std::string folder_;
};

}  // namespace

std::map<std::string, torch::Tensor> ReadTorchSave(const std::filesystem::path& path) {
  return Reader(path).Read();
}

}  // namespace zerosweep
