#include "engine/import/pickle.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "base/error.h"
#include "engine/import/pickle_cursor.h"

namespace zerosweep {
namespace {

constexpr std::array<std::string_view, 13> kKnownGlobals = {"collections.OrderedDict",
                                                            "torch._utils._rebuild_tensor_v2",
                                                            "torch._utils._rebuild_parameter",
                                                            "torch.FloatStorage",
                                                            "torch.DoubleStorage",
                                                            "torch.HalfStorage",
                                                            "torch.BFloat16Storage",
                                                            "torch.LongStorage",
                                                            "torch.IntStorage",
                                                            "torch.ShortStorage",
                                                            "torch.CharStorage",
                                                            "torch.ByteStorage",
                                                            "torch.BoolStorage"};

}  // namespace

// The stack machine of Python's Lib/pickle.py, for protocols 2 to 5.
class PickleReader {
 public:
  PickleReader(Pickle& pickle, std::string_view bytes, const std::string& origin)
      : pickle_(pickle), origin_(origin), cursor_(bytes, origin) {}

  PickleRef Read() {
    for (;;) {
      const uint8_t opcode = static_cast<uint8_t>(cursor_.Unsigned(1));
      if (opcode == '.') return Pop();
      if (!Container(opcode) && !Scalar(opcode) && !Memo(opcode) && !Call(opcode)) {
        cursor_.FailCorrupt(fmt::format("opcode 0x{:02x} has no place in a state dict", opcode));
      }
    }
  }

 private:
  // Each of these four executes the opcode if it is one of theirs.

  bool Container(uint8_t opcode) {
    switch (opcode) {
      case '(':
        Push(PickleMark{});
        return true;
      case '}':
        Push(PickleDict{});
        return true;
      case ']':
      case ')':
        Push(PickleList{});
        return true;
      case 't':
        Push(PickleList{PopToMark()});
        return true;
      case 0x85:
      case 0x86:
      case 0x87:
        Push(PickleList{PopMany(opcode - 0x84)});
        return true;
      case 'a':
        Extend(PopMany(1));
        return true;
      case 'e':
        Extend(PopToMark());
        return true;
      case 's':
        SetItems(PopMany(2));
        return true;
      case 'u':
        SetItems(PopToMark());
        return true;
      default:
        return false;
    }
  }

  bool Scalar(uint8_t opcode) {
    switch (opcode) {
      case 'N':
        Push(PickleNone{});
        return true;
      case 0x88:
      case 0x89:
        Push(opcode == 0x88);
        return true;
      case 'K':
        Push(static_cast<int64_t>(cursor_.Unsigned(1)));
        return true;
      case 'M':
        Push(static_cast<int64_t>(cursor_.Unsigned(2)));
        return true;
      case 'J':
        Push(cursor_.Signed(4));
        return true;
      case 0x8a:
        Push(cursor_.Signed(cursor_.Unsigned(1)));
        return true;
      case 'G':
        Push(cursor_.BigEndianDouble());
        return true;
      case 'X':
        Push(std::string(cursor_.Take(cursor_.Unsigned(4))));
        return true;
      case 0x8c:
        Push(std::string(cursor_.Take(cursor_.Unsigned(1))));
        return true;
      default:
        return false;
    }
  }

  bool Memo(uint8_t opcode) {
    switch (opcode) {
      case 'q':
        memo_[cursor_.Unsigned(1)] = Top();
        return true;
      case 'r':
        memo_[cursor_.Unsigned(4)] = Top();
        return true;
      case 0x94:
        memo_[memo_.size()] = Top();
        return true;
      case 'h':
        Recall(cursor_.Unsigned(1));
        return true;
      case 'j':
        Recall(cursor_.Unsigned(4));
        return true;
      case 0x80:  // protocol number
        cursor_.Take(1);
        return true;
      case 0x95:  // frame length
        cursor_.Take(8);
        return true;
      default:
        return false;
    }
  }

  bool Call(uint8_t opcode) {
    switch (opcode) {
      case 'c': {
        const std::string module = cursor_.Line();
        Global(module + "." + cursor_.Line());
        return true;
      }
      case 0x93: {
        const auto name = As<std::string>(Pop());
        Global(As<std::string>(Pop()) + "." + name);
        return true;
      }
      case 'Q':
        Push(Storage(As<PickleList>(Pop()).items));
        return true;
      case 'R': {
        const std::vector<PickleRef> arguments = As<PickleList>(Pop()).items;
        Reduce(As<PickleGlobal>(Pop()).name, arguments);
        return true;
      }
      case 'b':  // attributes of an OrderedDict (torch's _metadata): of no use here
        Pop();
        As<PickleDict>(Top());
        return true;
      default:
        return false;
    }
  }

  void Global(const std::string& name) {
    if (std::find(kKnownGlobals.begin(), kKnownGlobals.end(), name) == kKnownGlobals.end()) {
      Fail(ErrorKind::kUsage,
           "{} asks Python for '{}', which is refused: only plain state dicts are read; save "
           "model.state_dict() instead",
           origin_, name);
    }
    Push(PickleGlobal{name});
  }

  // Does what the named function would do, for the few names in the table.
  void Reduce(const std::string& name, const std::vector<PickleRef>& arguments) {
    if (name == "collections.OrderedDict") {
      Push(PickleDict{});
      if (!arguments.empty()) SetPairs(As<PickleList>(arguments[0]).items);
    } else if (name == "torch._utils._rebuild_tensor_v2" && arguments.size() >= 4) {
      Push(PickleTensor{.storage = As<PickleStorage>(arguments[0]),
                        .offset = As<int64_t>(arguments[1]),
                        .shape = Integers(arguments[2]),
                        .strides = Integers(arguments[3])});
    } else if (name == "torch._utils._rebuild_parameter" && !arguments.empty()) {
      Push(As<PickleTensor>(arguments[0]));
    } else {
      cursor_.FailCorrupt("it calls " + name + " in an unknown way");
    }
  }

  // A persistent id: ("storage", type, key, location, count).
  PickleStorage Storage(const std::vector<PickleRef>& id) {
    if (id.size() != 5 || As<std::string>(id[0]) != "storage") {
      cursor_.FailCorrupt("a storage is described in an unknown way");
    }
    return {.type = As<PickleGlobal>(id[1]).name,
            .key = As<std::string>(id[2]),
            .count = As<int64_t>(id[4])};
  }

  void Extend(const std::vector<PickleRef>& items) {
    auto& list = As<PickleList>(Top()).items;
    list.insert(list.end(), items.begin(), items.end());
  }

  void SetItems(const std::vector<PickleRef>& items) {
    if (items.size() % 2 != 0) cursor_.FailCorrupt("a dictionary has a key without a value");
    auto& dict = As<PickleDict>(Top()).items;
    for (size_t i = 0; i < items.size(); i += 2) dict.emplace_back(items[i], items[i + 1]);
  }

  void SetPairs(const std::vector<PickleRef>& pairs) {
    for (const PickleRef pair : pairs) SetItems(As<PickleList>(pair).items);
  }

  std::vector<int64_t> Integers(PickleRef tuple) {
    std::vector<int64_t> numbers;
    for (const PickleRef item : As<PickleList>(tuple).items) numbers.push_back(As<int64_t>(item));
    return numbers;
  }

  template <typename T>
  void Push(T value) {
    pickle_.objects_.push_back(std::make_unique<PickleObject>(PickleObject{std::move(value)}));
    stack_.push_back(pickle_.objects_.back().get());
  }

  PickleRef Top() {
    if (stack_.empty()) cursor_.FailCorrupt("its stack runs empty");
    return stack_.back();
  }

  PickleRef Pop() {
    const PickleRef top = Top();
    stack_.pop_back();
    return top;
  }

  std::vector<PickleRef> PopMany(int count) {
    std::vector<PickleRef> items;
    for (int i = 0; i < count; ++i) items.push_back(Pop());
    std::reverse(items.begin(), items.end());
    return items;
  }

  std::vector<PickleRef> PopToMark() {
    std::vector<PickleRef> items;
    while (!std::holds_alternative<PickleMark>(Top()->value)) items.push_back(Pop());
    Pop();
    std::reverse(items.begin(), items.end());
    return items;
  }

  void Recall(uint64_t index) {
    const auto found = memo_.find(index);
    if (found == memo_.end()) cursor_.FailCorrupt("it refers to what it never stored");
    stack_.push_back(found->second);
  }

  template <typename T>
  T& As(PickleRef object) {
    T* value = std::get_if<T>(&object->value);
    if (value == nullptr) cursor_.FailCorrupt("a value is of an unexpected type");
    return *value;
  }

  Pickle& pickle_;
  const std::string& origin_;
  PickleCursor cursor_;
  std::vector<PickleRef> stack_;
  std::unordered_map<uint64_t, PickleRef> memo_;
};

Pickle::Pickle(std::string_view bytes, const std::string& origin) {
  root_ = PickleReader(*this, bytes, origin).Read();
}

Pickle::~Pickle() = default;

}  // namespace zerosweep
