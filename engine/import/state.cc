#include "engine/import/state.h"

#include <memory>
#include <string_view>

#include "base/error.h"
#include "contract/weight_files.h"
#include "engine/import/input_file.h"
#include "engine/import/safetensors.h"
#include "engine/import/torch_save.h"

namespace zerosweep {
namespace {

using State = std::map<std::string, torch::Tensor>;

constexpr size_t kHeadBytes = 24;
constexpr size_t kLengthBytes = 8;  // before a safetensors header

// Whether the file begins with a length whose upper half is 0 (headers have at most 100 MB), then
// JSON.
bool MayBeSafetensors(std::string_view head) {
  return head.size() > kLengthBytes && head.substr(4, 4) == std::string_view("\0\0\0\0", 4) &&
         head[kLengthBytes] == '{';
}

// "'version https://git-lfs.'", "89 48 44 46 0d 0a 1a 0a …": the beginning of the file, for the
// user to recognise it.
std::string Shown(std::string_view head) {
  std::string text, hex;
  bool plain = true;
  for (const char c : head) {
    const auto byte = static_cast<unsigned char>(c);
    plain =
        plain && (byte == '\n' || byte == '\r' || byte == '\t' || (byte >= 0x20 && byte < 0x7f));
    text += byte < 0x20 ? ' ' : c;
    if (hex.size() < size_t{3} * kLengthBytes) hex += fmt::format("{:02x} ", byte);
  }
  return plain ? fmt::format("'{}'", text) : "the bytes " + hex + "…";
}

[[noreturn]] void FailUnknown(const std::string& origin, std::string_view head) {
  const char* advice =
      head.starts_with('\x80') ? " (a pickle, but not one that torch.save wrote)" : "";
  Fail(ErrorKind::kUsage,
       "{} holds no weights that can be read: it begins with {}{}; weights are .safetensors files, "
       "an index of them (….safetensors.index.json), or .pt, .pth and .pth.tar as torch.save "
       "writes them",
       origin, Shown(head), advice);
}

State ReadOneFile(const std::filesystem::path& path) {
  const std::string origin = path.string();
  std::string bytes = ReadInputFile(path, "weights");
  const std::string_view head = std::string_view(bytes).substr(0, kHeadBytes);
  if (head.starts_with("PK\3\4") || IsLegacyTorchSave(head)) {
    return ReadTorchSave(std::make_shared<const std::string>(std::move(bytes)), origin);
  }
  if (!head.empty() && !MayBeSafetensors(head)) FailUnknown(origin, head);
  return ParseSafetensors(std::move(bytes), origin);
}

// Each key must be in the shard that the index names.
State ReadShards(const std::filesystem::path& index) {
  State state;
  for (const auto& [name, keys] : WeightIndex(index)) {
    const State shard = ReadOneFile(index.parent_path() / name);
    for (const std::string& key : keys) {
      const auto found = shard.find(key);
      if (found == shard.end()) {
        Fail(ErrorKind::kUsage, "{} says that '{}' is in {}, but it is not", index.string(), key,
             name);
      }
      state.insert(*found);
    }
  }
  return state;
}

}  // namespace

State ReadState(const std::filesystem::path& path) {
  return IsWeightIndex(path) ? ReadShards(path) : ReadOneFile(path);
}

}  // namespace zerosweep
