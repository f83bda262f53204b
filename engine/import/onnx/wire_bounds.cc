#include "engine/import/onnx/wire_bounds.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/error.h"
#include "engine/import/input_file.h"

namespace zerosweep {
namespace {

// Upper bounds of what protobuf allocates, with the growth of its arrays.
constexpr uint64_t kMessageBytes = 384, kStringBytes = 64, kNumberBytes = 16;

// The messages of onnx-ml.proto that are walked.
enum class Message {
  kModel,
  kOpset,
  kPair,  // a name and a text
  kGraph,
  kNode,
  kAttribute,
  kTensor,
  kSegment,
  kValueInfo,
  kType,
  kTypeTensor,
  kTypeSequence,
  kTypeMap,
  kTypeOther,
  kShape,
  kDimension,
  kAnnotation,
};

enum class Content { kMessage, kNumbers, kRefused };

struct Field {
  Message parent;
  uint64_t number;
  Content content;
  Message child = Message::kModel;  // of kMessage
  const char* what = "";            // of kRefused
};

// Every field that holds messages or lists of numbers; the others are texts and single numbers.
constexpr std::array kFields = {
    Field{Message::kModel, 7, Content::kMessage, Message::kGraph},
    Field{Message::kModel, 8, Content::kMessage, Message::kOpset},
    Field{Message::kModel, 14, Content::kMessage, Message::kPair},
    Field{Message::kModel, 20, Content::kRefused, {}, "training_info: export for inference"},
    Field{Message::kModel,
          25,
          Content::kRefused,
          {},
          "functions of its own: inline them (onnx.inliner.inline_local_functions)"},
    Field{Message::kModel, 26, Content::kRefused, {}, "configurations of several devices"},
    Field{Message::kGraph, 1, Content::kMessage, Message::kNode},
    Field{Message::kGraph, 5, Content::kMessage, Message::kTensor},
    Field{Message::kGraph, 11, Content::kMessage, Message::kValueInfo},
    Field{Message::kGraph, 12, Content::kMessage, Message::kValueInfo},
    Field{Message::kGraph, 13, Content::kMessage, Message::kValueInfo},
    Field{Message::kGraph, 14, Content::kMessage, Message::kAnnotation},
    Field{Message::kGraph, 15, Content::kRefused, {}, "sparse initializers: store dense ones"},
    Field{Message::kGraph, 16, Content::kMessage, Message::kPair},
    Field{Message::kNode, 5, Content::kMessage, Message::kAttribute},
    Field{Message::kNode, 9, Content::kMessage, Message::kPair},
    Field{Message::kNode, 10, Content::kRefused, {}, "configurations of several devices"},
    Field{Message::kAttribute, 5, Content::kMessage, Message::kTensor},
    Field{Message::kAttribute, 6, Content::kMessage, Message::kGraph},
    Field{Message::kAttribute, 7, Content::kNumbers},
    Field{Message::kAttribute, 8, Content::kNumbers},
    Field{Message::kAttribute, 10, Content::kMessage, Message::kTensor},
    Field{Message::kAttribute, 11, Content::kMessage, Message::kGraph},
    Field{Message::kAttribute, 14, Content::kMessage, Message::kType},
    Field{Message::kAttribute, 15, Content::kMessage, Message::kType},
    Field{Message::kAttribute, 22, Content::kRefused, {}, "sparse tensors: store dense ones"},
    Field{Message::kAttribute, 23, Content::kRefused, {}, "sparse tensors: store dense ones"},
    Field{Message::kTensor, 1, Content::kNumbers},
    Field{Message::kTensor, 3, Content::kMessage, Message::kSegment},
    Field{Message::kTensor, 4, Content::kNumbers},
    Field{Message::kTensor, 5, Content::kNumbers},
    Field{Message::kTensor, 7, Content::kNumbers},
    Field{Message::kTensor, 10, Content::kNumbers},
    Field{Message::kTensor, 11, Content::kNumbers},
    Field{Message::kTensor, 13, Content::kMessage, Message::kPair},
    Field{Message::kTensor, 16, Content::kMessage, Message::kPair},
    Field{Message::kValueInfo, 2, Content::kMessage, Message::kType},
    Field{Message::kValueInfo, 4, Content::kMessage, Message::kPair},
    Field{Message::kType, 1, Content::kMessage, Message::kTypeTensor},
    Field{Message::kType, 4, Content::kMessage, Message::kTypeSequence},
    Field{Message::kType, 5, Content::kMessage, Message::kTypeMap},
    Field{Message::kType, 7, Content::kMessage, Message::kTypeOther},
    Field{Message::kType, 8, Content::kMessage, Message::kTypeTensor},
    Field{Message::kType, 9, Content::kMessage, Message::kTypeSequence},
    Field{Message::kTypeTensor, 2, Content::kMessage, Message::kShape},
    Field{Message::kTypeSequence, 1, Content::kMessage, Message::kType},
    Field{Message::kTypeMap, 2, Content::kMessage, Message::kType},
    Field{Message::kShape, 1, Content::kMessage, Message::kDimension},
    Field{Message::kAnnotation, 2, Content::kMessage, Message::kPair},
};

const Field* FieldOf(Message parent, uint64_t number) {
  const auto* found = std::find_if(kFields.begin(), kFields.end(), [&](const Field& field) {
    return field.parent == parent && field.number == number;
  });
  return found == kFields.end() ? nullptr : found;
}

class Walker {
 public:
  Walker(std::string_view bytes, const std::string& origin)
      : bytes_(bytes), origin_(origin), room_(bytes.size() + kFreeMemory) {}

  void Walk() { WalkMessage(Message::kModel, bytes_.size(), 0); }

 private:
  // The kinds of fields on the wire. Groups (3, 4) are in no ONNX file.
  enum Wire : uint64_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

  void WalkMessage(Message message, size_t end, int depth) {
    if (++messages_ > kMostOnnxMessages) {
      Fail(ErrorKind::kUsage,
           "{} has more than {} nodes, attributes, tensors and shapes: that is no network that can "
           "be read",
           origin_, kMostOnnxMessages);
    }
    if (depth > kDeepestOnnxMessage) FailDamaged("messages lie too deep in each other");
    Charge(kMessageBytes);
    while (at_ < end) {
      const uint64_t tag = Varint(end);
      const Field* field = FieldOf(message, tag >> 3);
      if (tag >> 3 == 0 || tag >> 32 != 0) FailDamaged("a field has no number");
      if (field != nullptr && field->content == Content::kRefused) {
        Fail(ErrorKind::kUsage, "{} holds {}", origin_, field->what);
      }
      Charge(kNumberBytes);
      switch (tag & 7) {
        case kVarint:
          Varint(end);
          break;
        case kFixed64:
          Skip(8, end);
          break;
        case kFixed32:
          Skip(4, end);
          break;
        case kBytes:
          WalkContent(field, Length(end), depth);
          break;
        default:
          FailDamaged("a field is of no known kind");
      }
    }
  }

  void WalkContent(const Field* field, size_t size, int depth) {
    if (field == nullptr) {
      Charge(kStringBytes + size);
      at_ += size;
    } else if (field->content == Content::kMessage) {
      WalkMessage(field->child, at_ + size, depth + 1);
    } else {
      // Packed numbers: one for each byte that ends a varint, or for four or eight bytes.
      const std::string_view numbers = bytes_.substr(at_, size);
      const bool fixed = field->number == 4 || field->number == 10;  // float_data, double_data
      if (field->parent == Message::kTensor && fixed) {
        Charge(size);
      } else {
        Charge(kNumberBytes *
               static_cast<uint64_t>(std::count_if(numbers.begin(), numbers.end(), [](char byte) {
                 return (static_cast<unsigned char>(byte) & 0x80) == 0;
               })));
      }
      at_ += size;
    }
  }

  uint64_t Varint(size_t end) {
    uint64_t value = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      if (at_ >= end) FailDamaged("it ends within a field");
      const auto byte = static_cast<unsigned char>(bytes_[at_++]);
      value |= shift < 64 ? uint64_t{byte & 0x7fU} << shift : 0;
      if ((byte & 0x80) == 0) return value;
    }
    FailDamaged("a number has more than ten bytes");
  }

  size_t Length(size_t end) {
    const uint64_t size = Varint(end);
    if (size > end - at_) FailDamaged("it ends within a field");
    return static_cast<size_t>(size);
  }

  void Skip(size_t size, size_t end) {
    if (size > end - at_) FailDamaged("it ends within a field");
    at_ += size;
  }

  void Charge(uint64_t bytes) {
    if (bytes > room_) {
      Fail(ErrorKind::kUsage,
           "{} would take more memory than a network of its size: it has {} bytes", origin_,
           bytes_.size());
    }
    room_ -= bytes;
  }

  [[noreturn]] void FailDamaged(const char* what) const {
    Fail(ErrorKind::kUsage, "{} is damaged or no ONNX model: {} (byte {} of {})", origin_, what,
         at_, bytes_.size());
  }

  std::string_view bytes_;
  const std::string& origin_;
  uint64_t room_;  // bytes that the rest may still take
  size_t at_ = 0;
  int messages_ = 0;
};

}  // namespace

void CheckOnnxBounds(std::string_view bytes, const std::string& origin) {
  Walker(bytes, origin).Walk();
}

}  // namespace zerosweep
