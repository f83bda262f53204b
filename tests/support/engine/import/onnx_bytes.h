// ONNX files written byte by byte, without protobuf.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace zerosweep::onnx_bytes {

inline std::string Varint(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes.push_back(static_cast<char>(value | 0x80));
  bytes.push_back(static_cast<char>(value));
  return bytes;
}

// A field that holds a number; one that holds a text or a message.
inline std::string Number(int field, int64_t value) {
  return Varint(static_cast<uint64_t>(field) << 3) + Varint(static_cast<uint64_t>(value));
}
inline std::string Bytes(int field, std::string_view content) {
  return Varint(static_cast<uint64_t>(field) << 3 | 2) + Varint(content.size()) +
         std::string(content);
}

template <typename T>
std::string Raw(const std::vector<T>& values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

// TensorProto.DataType
enum Type {
  kFloat = 1,
  kUint8 = 2,
  kInt8 = 3,
  kInt32 = 6,
  kInt64 = 7,
  kString = 8,
  kBool = 9,
  kHalf = 10,
  kDouble = 11,
  kBfloat16 = 16,
  kInt4 = 22
};

// TensorProto without values.
inline std::string TensorHead(const std::string& name, const std::vector<int64_t>& shape,
                              int type) {
  std::string bytes;
  for (const int64_t size : shape) bytes += Number(1, size);
  return bytes + Number(2, type) + Bytes(8, name);
}
inline std::string Tensor(const std::string& name, const std::vector<int64_t>& shape,
                          const std::vector<float>& values) {
  return TensorHead(name, shape, kFloat) + Bytes(9, Raw(values));
}
inline std::string Integers(const std::string& name, const std::vector<int64_t>& values) {
  return TensorHead(name, {static_cast<int64_t>(values.size())}, kInt64) + Bytes(9, Raw(values));
}

// AttributeProto
inline std::string Int(const std::string& name, int64_t value) {
  return Bytes(1, name) + Number(3, value) + Number(20, 2);
}
inline std::string Ints(const std::string& name, const std::vector<int64_t>& values) {
  std::string bytes = Bytes(1, name);
  for (const int64_t value : values) bytes += Number(8, value);
  return bytes + Number(20, 7);
}
inline std::string Float(const std::string& name, float value) {
  return Bytes(1, name) + Varint(2 << 3 | 5) + Raw(std::vector<float>{value}) + Number(20, 1);
}
inline std::string Text(const std::string& name, const std::string& value) {
  return Bytes(1, name) + Bytes(4, value) + Number(20, 3);
}
inline std::string OfTensor(const std::string& name, const std::string& tensor) {
  return Bytes(1, name) + Bytes(5, tensor) + Number(20, 4);
}

// NodeProto
inline std::string Call(const std::string& op, const std::vector<std::string>& inputs,
                        const std::vector<std::string>& outputs,
                        const std::vector<std::string>& attributes = {}) {
  std::string bytes;
  for (const std::string& input : inputs) bytes += Bytes(1, input);
  for (const std::string& output : outputs) bytes += Bytes(2, output);
  bytes += Bytes(4, op);
  for (const std::string& attribute : attributes) bytes += Bytes(5, attribute);
  return bytes;
}

// ValueInfoProto of floats; −1: a free size
inline std::string Port(const std::string& name, const std::vector<int64_t>& shape) {
  std::string sizes;
  for (const int64_t size : shape) sizes += Bytes(1, size < 0 ? Bytes(2, "n") : Number(1, size));
  return Bytes(1, name) + Bytes(2, Bytes(1, Number(1, kFloat) + Bytes(2, sizes)));
}

struct Parts {
  std::vector<std::string> nodes;
  std::vector<std::string> initializers = {};
  std::vector<std::string> inputs = {Port("x", {1, 3, 4, 4})};
  std::vector<std::string> outputs = {Port("y", {})};
  int64_t opset = 20;
  std::string more_of_graph = {};
  std::string more_of_model = {};
};

// ModelProto
inline std::string Model(const Parts& parts) {
  std::string graph;
  for (const std::string& node : parts.nodes) graph += Bytes(1, node);
  for (const std::string& tensor : parts.initializers) graph += Bytes(5, tensor);
  for (const std::string& port : parts.inputs) graph += Bytes(11, port);
  for (const std::string& port : parts.outputs) graph += Bytes(12, port);
  graph += parts.more_of_graph;
  return Number(1, 10) + Bytes(2, "test") + Bytes(7, graph) +
         Bytes(8, Bytes(1, "") + Number(2, parts.opset)) + parts.more_of_model;
}

}  // namespace zerosweep::onnx_bytes
