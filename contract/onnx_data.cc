// The wire format of Protocol Buffers: a message is a sequence of fields, each a tag (number · 8 +
// type) and a value. The numbers are those of onnx.proto (ONNX 1.23, opset-independent).

#include "contract/onnx_data.h"

#include <cstdint>
#include <fstream>
#include <functional>
#include <set>

#include "base/error.h"
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

// A part of the file: the content of a field.
struct Part {
  uint64_t begin = 0, end = 0;
  uint64_t size() const { return end - begin; }
};

// Reads fields where they lie, and skips the tensors, which are nearly all of a file.
class Walk {
 public:
  explicit Walk(const fs::path& file) : file_(file), stream_(file, std::ios::binary) {
    std::error_code code;
    size_ = fs::file_size(file, code);
    if (code || !stream_) Fail(ErrorKind::kStorage, "cannot read {}", file.string());
  }

  std::set<std::string> Names() {
    Fields({0, size_}, [&](uint64_t field, Part model) {
      if (field == kModelGraph) Graph(model);
    });
    return names_;
  }

 private:
  using Visit = std::function<void(uint64_t field, Part content)>;

  [[noreturn]] void FailDamaged() const {
    Fail(ErrorKind::kUsage, "{} is damaged: it is no ONNX file, or incomplete", file_.string());
  }

  unsigned char Byte(uint64_t at) {
    if (at != next_) stream_.seekg(static_cast<std::streamoff>(at));
    const int byte = stream_.get();
    if (byte == std::char_traits<char>::eof()) FailDamaged();
    next_ = at + 1;
    return static_cast<unsigned char>(byte);
  }

  uint64_t Varint(Part& rest) {
    uint64_t number = 0;
    for (int shift = 0; shift < 64 && rest.size() > 0; shift += 7) {
      const unsigned char byte = Byte(rest.begin++);
      number |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return number;
    }
    FailDamaged();
  }

  Part Take(Part& rest, uint64_t size) const {
    if (size > rest.size()) FailDamaged();
    const Part taken = {rest.begin, rest.begin + size};
    rest.begin += size;
    return taken;
  }

  // The beginning of a text, and enough of it to tell that it is no file name.
  std::string Text(Part part) {
    constexpr uint64_t kMost = 300;
    std::string text;
    for (uint64_t at = part.begin; at < part.end && text.size() < kMost; ++at)
      text += static_cast<char>(Byte(at));
    return text;
  }

  // Calls `visit` for the fields that hold bytes.
  void Fields(Part rest, const Visit& visit) {
    while (rest.size() > 0) {
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

  void Graph(Part graph) {
    Fields(graph, [&](uint64_t field, Part content) {
      if (field == kGraphInitializer) Tensor(content);
      if (field == kGraphNode) Node(content);
    });
  }

  void Node(Part node) {
    Fields(node, [&](uint64_t field, Part attribute) {
      if (field != kNodeAttribute) return;
      Fields(attribute, [&](uint64_t part, Part tensor) {
        if (part == kAttributeTensor) Tensor(tensor);
      });
    });
  }

  void Tensor(Part tensor) {
    Fields(tensor, [&](uint64_t field, Part entry) {
      if (field == kTensorExternalData) Entry(entry);
    });
  }

  void Entry(Part entry) {
    std::string key, name;
    Fields(entry, [&](uint64_t field, Part text) {
      if (field == kEntryKey) key = Text(text);
      if (field == kEntryValue) name = Text(text);
    });
    if (key != "location") return;
    if (!IsPlainFileName(name))
      Fail(ErrorKind::kUsage, "{} keeps tensors in '{}': it must be a file in the same folder",
           file_.string(), ShownBytes(name));
    names_.insert(name);
    if (names_.size() > kMostFiles)
      Fail(ErrorKind::kUsage, "{} keeps tensors in more than {} files", file_.string(), kMostFiles);
  }

  const fs::path& file_;
  std::ifstream stream_;
  uint64_t size_ = 0;
  uint64_t next_ = 0;  // where the stream stands
  std::set<std::string> names_;
};

}  // namespace

bool IsPlainFileName(const std::string& name) {
  return !name.empty() && name.size() <= 255 && name != "." && name != ".." &&
         name.find_first_of(std::string("/\\\0", 3)) == std::string::npos;
}

std::vector<std::string> OnnxDataFiles(const fs::path& onnx) {
  const std::set<std::string> names = Walk(onnx).Names();
  return {names.begin(), names.end()};
}

}  // namespace zerosweep
