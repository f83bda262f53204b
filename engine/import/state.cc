#include "engine/import/state.h"

#include <array>
#include <fstream>
#include <string_view>

#include "base/error.h"
#include "engine/import/safetensors.h"
#include "engine/import/torch_save.h"

namespace zerosweep {
namespace {

constexpr size_t kHeadBytes = 24;
constexpr size_t kLengthBytes = 8;  // in front of a safetensors header

// At most kHeadBytes; empty, too, for what cannot be read.
std::string HeadOf(const std::filesystem::path& path) {
  std::string head(kHeadBytes, '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<size_t>(file.gcount()));
  return head;
}

// A length whose upper half is 0 (headers are of 100 MB at most), then JSON.
bool MayBeSafetensors(std::string_view head) {
  return head.size() > kLengthBytes && head.substr(4, 4) == std::string_view("\0\0\0\0", 4) &&
         head[kLengthBytes] == '{';
}

// "'version https://git-lfs.'", "89 48 44 46 0d 0a 1a 0a …": what a person knows the file by.
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

}  // namespace

std::map<std::string, torch::Tensor> ReadState(const std::filesystem::path& path) {
  const std::string head = HeadOf(path);
  if (head.starts_with("PK\3\4")) return ReadTorchSave(path);
  if (head.starts_with("\x80\2")) {
    Fail(ErrorKind::kUsage,
         "{} is in the torch.save format from before PyTorch 1.6: load it there and save it again",
         path.string());
  }
  // What cannot be read or is empty, it says.
  if (head.empty() || MayBeSafetensors(head)) return ReadSafetensors(path);
  Fail(ErrorKind::kUsage,
       "{} holds no weights that can be read: it begins with {}; weights are .safetensors files, "
       "or .pt, .pth and .pth.tar as torch.save writes them from PyTorch 1.6 on",
       path.string(), Shown(head));
}

}  // namespace zerosweep
