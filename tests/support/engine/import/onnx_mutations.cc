#include "tests/support/engine/import/onnx_mutations.h"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string_view>

#include "base/error.h"
#include "engine/import/onnx/onnx_lowering.h"
#include "tests/support/engine/import/onnx_bytes.h"

namespace zerosweep {
namespace fs = std::filesystem;
namespace {

struct WireField {
  uint64_t tag = 0;
  uint64_t number = 0;  // of a varint
  std::string content;  // of the others, without its length
  bool varint() const { return (tag & 7) == 0; }
  bool has_length() const { return (tag & 7) == 2; }
};

std::optional<uint64_t> TakeVarint(std::string_view& bytes) {
  uint64_t value = 0;
  for (int shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    value |= uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80) return value;
  }
  return std::nullopt;
}

// The fields of a message; nothing if the bytes are none.
std::optional<std::vector<WireField>> FieldsOf(std::string_view bytes) {
  std::vector<WireField> fields;
  while (!bytes.empty()) {
    const auto tag = TakeVarint(bytes);
    if (!tag || *tag >> 3 == 0) return std::nullopt;
    WireField field{.tag = *tag};
    size_t size = (*tag & 7) == 1 ? 8 : 4;
    if (field.varint() || field.has_length()) {
      const auto number = TakeVarint(bytes);
      if (!number) return std::nullopt;
      field.number = *number;
      size = field.varint() ? 0 : static_cast<size_t>(std::min<uint64_t>(*number, SIZE_MAX));
    } else if ((*tag & 7) != 1 && (*tag & 7) != 5) {
      return std::nullopt;
    }
    if (size > bytes.size()) return std::nullopt;
    field.content = std::string(bytes.substr(0, size));
    bytes.remove_prefix(size);
    fields.push_back(std::move(field));
  }
  return fields;
}

std::string Encoded(const std::vector<WireField>& fields) {
  std::string bytes;
  for (const WireField& field : fields) {
    bytes += onnx_bytes::Varint(field.tag);
    if (field.varint()) bytes += onnx_bytes::Varint(field.number);
    if (field.has_length()) bytes += onnx_bytes::Varint(field.content.size());
    bytes += field.content;
  }
  return bytes;
}

uint64_t Edge(std::mt19937_64& random) {
  constexpr uint64_t kEdges[] = {0,
                                 1,
                                 2,
                                 3,
                                 7,
                                 0x7f,
                                 0xff,
                                 1000,
                                 1 << 20,
                                 0x7fffffff,
                                 0x80000000,
                                 0xffffffff,
                                 uint64_t{1} << 40,
                                 0x7fffffffffffffff,
                                 0x8000000000000000,
                                 ~uint64_t{0},
                                 ~uint64_t{1}};
  return kEdges[random() % std::size(kEdges)];
}

void ChangeBytes(std::string& bytes, std::mt19937_64& random) {
  if (bytes.empty()) {
    bytes = "x";
    return;
  }
  const size_t at = random() % bytes.size();
  switch (random() % 5) {
    case 0:
      bytes[at] = static_cast<char>(random());
      break;
    case 1:
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
      break;
    case 2:
      bytes.erase(at, 1 + random() % 16);
      break;
    case 3:
      bytes.insert(at, bytes.substr(at, 1 + random() % 16));
      break;
    default:
      if (random() % 8 == 0) bytes.resize(at);
  }
}

// Goes down into a message of the bytes, and changes a field there.
void ChangeField(std::string& bytes, std::mt19937_64& random, int depth) {
  auto fields = FieldsOf(bytes);
  if (!fields || fields->empty() || depth > 8) return ChangeBytes(bytes, random);
  const size_t at = random() % fields->size();
  WireField& field = (*fields)[at];
  const bool deeper = field.has_length() && FieldsOf(field.content).has_value();
  if (deeper && random() % 8 != 0) {
    ChangeField(field.content, random, depth + 1);
  } else if (random() % 4 != 0) {
    field.varint() ? void(field.number = Edge(random)) : ChangeBytes(field.content, random);
  } else {
    const WireField copy = field;
    const auto place = fields->begin() + static_cast<std::ptrdiff_t>(at);
    switch (random() % 3) {
      case 0:
        fields->erase(place);
        break;
      case 1:
        fields->insert(place, copy);
        break;
      default:  // to another place
        fields->insert(fields->begin() + static_cast<std::ptrdiff_t>(random() % fields->size()),
                       copy);
    }
  }
  bytes = Encoded(*fields);
}

}  // namespace

std::vector<fs::path> GoldenOnnx() {
  const char* source = std::getenv("ZEROSWEEP_SOURCE");
  std::vector<fs::path> files;
  for (const auto& entry :
       fs::directory_iterator(fs::path(source != nullptr ? source : ".") / "tests/golden/onnx")) {
    if (entry.path().extension() == ".onnx") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string MutatedOnnx(const std::string& bytes, std::mt19937_64& random) {
  std::string mutated = bytes;
  for (size_t changes = 1 + random() % 4; changes > 0; --changes) {
    random() % 8 == 0 ? ChangeBytes(mutated, random) : ChangeField(mutated, random, 0);
  }
  return mutated;
}

bool ReadsOrRefusesOnnx(const fs::path& file) {
  try {
    ReadOnnx(file);
    return true;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kUsage) {
      throw std::runtime_error(std::string("a refusal must be of kind usage: ") + error.what());
    }
    return false;
  }
}

}  // namespace zerosweep
