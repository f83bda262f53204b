// What an ONNX file would cost to parse. Protobuf makes up to a hundred bytes of memory of one byte
// of a file, so the bytes are walked before it sees them.
#pragma once

#include <string>
#include <string_view>

namespace zerosweep {

// More messages (nodes, attributes, tensors, shapes, …) than any network has that is read here.
inline constexpr int kMostOnnxMessages = 200'000;
inline constexpr int kDeepestOnnxMessage = 64;  // protobuf itself stops at 100

// Walks the bytes of a ModelProto. Throws kUsage, naming `origin`, for what is no sequence of
// protobuf fields, for more or deeper messages than above, for contents that would take more memory
// than the bytes and kFreeMemory (engine/import/input_file.h), and for parts that are not read:
// functions, sparse tensors, training, several devices.
void CheckOnnxBounds(std::string_view bytes, const std::string& origin);

}  // namespace zerosweep
