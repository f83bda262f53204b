// The wire format of Protocol Buffers: a message is a sequence of fields, each a tag (number · 8 +
// type) and a value. The numbers are those of onnx.proto (ONNX 1.23, opset-independent).

#include "contract/onnx_data.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string_view>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"

namespace zerosweep {
namespace fs = std::filesystem;
namespace {

constexpr size_t kMostFiles = 1000;

enum WireType { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

// Fields of the messages on the way to a tensor's entry of external data.
enum Field {
  kModelGraph = 7,
  kGraphNode = 1,
  kGraphInitializer = 5,
  kNodeAttribute = 5,
  kAttributeTensor = 5,
  kTensorExternalData = 13,
  kEntryKey = 1,
  kEntryValue = 2
};

class Walk {
 public:
  Walk(const fs::path& file, std::string_view bytes) : file_(file), bytes_(bytes) {}

  std::set<std::string> Names() {
    Fields(bytes_, [&](uint64_t field, std::string_view model) {
      if (field == kModelGraph) Graph(model);
    });
    return names_;
  }

 private:
  using Visit = std::function<void(uint64_t field, std::string_view content)>;

  [[noreturn]] void FailDamaged() const {
    Fail(ErrorKind::kUsage, "{} is damaged: it is no ONNX file, or incomplete", file_.string());
  }

  uint64_t Varint(std::string_view& rest) const {
    uint64_t number = 0;
    for (int shift = 0; shift < 64 && !rest.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(rest.front());
      rest.remove_prefix(1);
      number |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return number;
    }
    FailDamaged();
  }

  std::string_view Take(std::string_view& rest, uint64_t size) const {
    if (size > rest.size()) FailDamaged();
    const std::string_view taken = rest.substr(0, size);
    rest.remove_prefix(size);
    return taken;
  }

  // Calls `visit` for the fields that hold bytes.
  void Fields(std::string_view rest, const Visit& visit) const {
    while (!rest.empty()) {
      const uint64_t tag = Varint(rest);
      switch (tag & 7) {
        case kVarint:
          Varint(rest);
          break;
        case kFixed64:
          Take(rest, 8);
          break;
        case kFixed32:
          Take(rest, 4);
          break;
        case kBytes: {
          const uint64_t size = Varint(rest);
          visit(tag >> 3, Take(rest, size));
          break;
        }
        default:
          FailDamaged();
      }
    }
  }

  void Graph(std::string_view graph) {
    Fields(graph, [&](uint64_t field, std::string_view content) {
      if (field == kGraphInitializer) Tensor(content);
      if (field == kGraphNode) Node(content);
    });
  }

  void Node(std::string_view node) {
    Fields(node, [&](uint64_t field, std::string_view attribute) {
      if (field != kNodeAttribute) return;
      Fields(attribute, [&](uint64_t part, std::string_view tensor) {
        if (part == kAttributeTensor) Tensor(tensor);
      });
    });
  }

  void Tensor(std::string_view tensor) {
    Fields(tensor, [&](uint64_t field, std::string_view entry) {
      if (field == kTensorExternalData) Entry(entry);
    });
  }

  void Entry(std::string_view entry) {
    std::string_view key, value;
    Fields(entry, [&](uint64_t field, std::string_view text) {
      if (field == kEntryKey) key = text;
      if (field == kEntryValue) value = text;
    });
    if (key != "location") return;
    const std::string name(value);
    const bool plain = !name.empty() && name != "." && name != ".." &&
                       name.find_first_of(std::string("/\\\0", 3)) == std::string::npos;
    if (!plain)
      Fail(ErrorKind::kUsage, "{} keeps tensors in '{}': it must be a file in the same folder",
           file_.string(), ShownBytes(name));
    names_.insert(name);
    if (names_.size() > kMostFiles)
      Fail(ErrorKind::kUsage, "{} keeps tensors in more than {} files", file_.string(), kMostFiles);
  }

  const fs::path& file_;
  std::string_view bytes_;
  std::set<std::string> names_;
};

}  // namespace

std::vector<std::string> OnnxDataFiles(const fs::path& onnx) {
  const std::string bytes = ReadFile(onnx);
  const std::set<std::string> names = Walk(onnx, bytes).Names();
  return {names.begin(), names.end()};
}

}  // namespace zerosweep
