// Python's pickle format, read without executing anything: the classes and functions that a file
// names are never imported and never called. Containers, numbers, text and tensors as torch.save
// describes them are understood; any other object stays opaque, and keeps its name, its items and
// its attributes.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace zerosweep {

struct PickleObject;
// Objects belong to the Pickle they came from; one may be reachable by several ways, or from
// itself.
using PickleRef = PickleObject*;

struct PickleNone {};
struct PickleMark {};
struct PickleList {
  std::vector<PickleRef> items;  // of a list, a tuple or a set
};
struct PickleDict {
  std::vector<std::pair<PickleRef, PickleRef>> items;  // in order; the last of equal keys counts
};
struct PickleGlobal {
  std::string name;  // "torch.FloatStorage", "collections.OrderedDict"
};
// A view of a storage; offset, sizes and strides are as the file claims them, unchecked.
struct PickleTensor {
  PickleRef storage = nullptr;  // a PickleStorage
  int64_t offset = 0;
  PickleRef shape = nullptr;  // lists of integers
  PickleRef strides = nullptr;
  bool negative = false;  // the numbers are those of the storage times -1
};
// What is not understood: its class or the function that would have made it, and what was put in.
struct PickleOpaque {
  std::string name;
  PickleRef arguments = nullptr;   // a PickleList
  PickleRef items = nullptr;       // a PickleList or PickleDict, if anything was added
  PickleRef attributes = nullptr;  // its state, if any: mostly a PickleDict
};
// A storage of the file, of `count` elements of type "torch.FloatStorage". A view of another
// begins `offset` elements inside it.
struct PickleStorage {
  std::string type;
  std::string key;
  int64_t count = 0;
  int64_t offset = 0;
};

struct PickleObject {
  std::variant<PickleNone, PickleMark, bool, int64_t, double, std::string, PickleList, PickleDict,
               PickleGlobal, PickleTensor, PickleOpaque, const PickleStorage*>
      value;
};

class Pickle {
 public:
  // Reads the pickle at the beginning of `bytes`. Throws kUsage, naming `origin`, for damage, for
  // opcodes that torch.save never writes, and when the objects would take more memory than `bytes`
  // and 100 MB together.
  Pickle(std::string_view bytes, const std::string& origin);
  Pickle(const Pickle&) = delete;
  Pickle& operator=(const Pickle&) = delete;

  const PickleObject& root() const { return *root_; }
  size_t size() const { return size_; }  // bytes of the pickle
  // All that the pickle names, also those that the root does not reach.
  const std::deque<PickleStorage>& storages() const { return storages_; }

 private:
  friend class PickleReader;
  std::deque<PickleObject> objects_;
  std::deque<PickleStorage> storages_;
  PickleRef root_ = nullptr;
  size_t size_ = 0;
};

}  // namespace zerosweep
