// The subset of Python's pickle format that state dicts are made of, read without executing
// anything: containers, numbers, strings, OrderedDict and tensors as torch.save describes them. Any
// other name that the file asks Python to call is refused.
#pragma once

#include <cstdint>
#include <memory>
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
  std::vector<PickleRef> items;  // of a list or a tuple
};
struct PickleDict {
  std::vector<std::pair<PickleRef, PickleRef>> items;  // in order; the last of equal keys counts
};
struct PickleGlobal {
  std::string name;  // "torch.FloatStorage", "collections.OrderedDict"
};
// A storage of the archive: entry data/<key>, `count` elements of type "torch.FloatStorage".
struct PickleStorage {
  std::string type;
  std::string key;
  int64_t count = 0;
};
// A view of a storage; the sizes are as the file claims them, unchecked.
struct PickleTensor {
  PickleStorage storage;
  int64_t offset = 0;
  std::vector<int64_t> shape;
  std::vector<int64_t> strides;
};

struct PickleObject {
  std::variant<PickleNone, PickleMark, bool, int64_t, double, std::string, PickleList, PickleDict,
               PickleGlobal, PickleStorage, PickleTensor>
      value;
};

class Pickle {
 public:
  // Reads a whole pickle. Throws kUsage, naming `origin`, for damage, for opcodes outside the
  // subset and for any global name outside the table, which is named in the message.
  Pickle(std::string_view bytes, const std::string& origin);
  ~Pickle();
  Pickle(const Pickle&) = delete;
  Pickle& operator=(const Pickle&) = delete;

  const PickleObject& root() const { return *root_; }

 private:
  friend class PickleReader;
  std::vector<std::unique_ptr<PickleObject>> objects_;
  PickleRef root_ = nullptr;
};

}  // namespace zerosweep
