// A reader of Python's pickle format that executes nothing: it never imports or calls the classes
// and functions that a file names. It understands containers, numbers, text and tensors in the form
// of torch.save. Any other object stays opaque and keeps its name, items and attributes.
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
// Objects belong to the Pickle they came from. An object may be reachable by several paths, or from
// itself.
using PickleRef = PickleObject*;

struct PickleNone {};
struct PickleMark {};
struct PickleList {
  std::vector<PickleRef> items;  // for a list, a tuple or a set
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
  bool negative = false;  // the values are the negated values of the storage
};
// An object that is not understood: its class or the function that would have made it, and its
// contents.
struct PickleOpaque {
  std::string name;
  PickleRef arguments = nullptr;   // a PickleList
  PickleRef items = nullptr;       // a PickleList or PickleDict, if anything was added
  PickleRef attributes = nullptr;  // its state, if any: usually a PickleDict
};
// A storage of the file, with `count` elements of type "torch.FloatStorage". A view of another
// storage begins `offset` elements inside it.
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
  // opcodes that torch.save never writes, and when the objects would take more memory than the size
  // of `bytes` plus 100 MB.
  Pickle(std::string_view bytes, const std::string& origin);
  Pickle(const Pickle&) = delete;
  Pickle& operator=(const Pickle&) = delete;

  const PickleObject& root() const { return *root_; }
  size_t size() const { return size_; }  // bytes of the pickle
  // All storages that the pickle names, including those that the root does not reach.
  const std::deque<PickleStorage>& storages() const { return storages_; }

 private:
  friend class PickleReader;
  std::deque<PickleObject> objects_;
  std::deque<PickleStorage> storages_;
  PickleRef root_ = nullptr;
  size_t size_ = 0;
};

}  // namespace zerosweep
