#include "engine/import/pickle.h"

#include <algorithm>
#include <unordered_map>

#include "base/error.h"
#include "engine/import/input_file.h"
#include "engine/import/pickle_cursor.h"

namespace zerosweep {
namespace {

// Possible bookkeeping cost of an object in addition to its own bytes: an entry on the stack, one
// in a container (each with room to grow) and one in the memo.
constexpr uint64_t kReferenceBytes = 32;
constexpr uint64_t kMemoBytes = 48;
constexpr size_t kMaxDimensions = 64;  // of a tensor, as in PyTorch

bool IsDictionary(const std::string& name) {
  return name == "collections.OrderedDict" || name == "builtins.dict" || name == "__builtin__.dict";
}

}  // namespace

// The stack machine of Python's Lib/pickle.py, for protocols 2 to 5.
class PickleReader {
 public:
  PickleReader(Pickle& pickle, std::string_view bytes, const std::string& origin)
      : pickle_(pickle),
        origin_(origin),
        cursor_(bytes, origin),
        room_(bytes.size() + kFreeMemory) {}

  void Read() {
    for (;;) {
      const uint8_t opcode = static_cast<uint8_t>(cursor_.Unsigned(1));
      if (opcode == '.') break;
      RefuseText(opcode);
      Execute(opcode);
    }
    pickle_.root_ = Pop();
    pickle_.size_ = cursor_.at();
  }

 private:
  void Execute(uint8_t opcode) {
    switch (opcode) {
      // Containers.
      case '(':
        return Push(PickleMark{});
      case '}':
        return Push(PickleDict{});
      case ']':
      case ')':
      case 0x8f:
        return Push(PickleList{});
      case 't':
      case 'l':
      case 0x91:
        return Push(PickleList{PopToMark()});
      case 'd':
        return MakeDict(PopToMark());
      case 0x85:
      case 0x86:
      case 0x87:
        return Push(PickleList{PopMany(opcode - 0x84)});
      case 'a':
        return Extend(PopMany(1));
      case 'e':
      case 0x90:
        return Extend(PopToMark());
      case 's':
        return SetItems(PopMany(2));
      case 'u':
        return SetItems(PopToMark());
      // Scalars.
      case 'N':
        return Push(PickleNone{});
      case 0x88:
      case 0x89:
        return Push(opcode == 0x88);
      case 'K':
        return Push(static_cast<int64_t>(cursor_.Unsigned(1)));
      case 'M':
        return Push(static_cast<int64_t>(cursor_.Unsigned(2)));
      case 'J':
        return Push(cursor_.Signed(4));
      case 0x8a:
        return Integer(cursor_.Unsigned(1));
      case 0x8b:
        return Integer(cursor_.Unsigned(4));
      case 'G':
        return Push(cursor_.BigEndianDouble());
      // Text.
      case 'U':  // str of Python 2
      case 'C':  // bytes
      case 0x8c:
        return PushText(cursor_.Unsigned(1));
      case 'T':
      case 'B':
      case 'X':
        return PushText(cursor_.Unsigned(4));
      case 0x8d:
      case 0x8e:
      case 0x96:
        return PushText(cursor_.Unsigned(8));
      // Stack and memo.
      case 'q':
        return Remember(cursor_.Unsigned(1));
      case 'r':
        return Remember(cursor_.Unsigned(4));
      case 0x94:
        return Remember(memo_.size());
      case 'h':
        return Recall(cursor_.Unsigned(1));
      case 'j':
        return Recall(cursor_.Unsigned(4));
      case '0':
        Pop();
        return;
      case '1':
        PopToMark();
        return;
      case '2':
        return Again(Top());
      case 0x80:  // protocol number
        cursor_.Take(1);
        return;
      case 0x95:  // frame length
        cursor_.Take(8);
        return;
      // Objects.
      case 'c': {
        const std::string module = cursor_.Line();
        return PushGlobal(module + "." + cursor_.Line());
      }
      case 0x93: {
        const auto name = As<std::string>(Pop());
        return PushGlobal(As<std::string>(Pop()) + "." + name);
      }
      case 'Q':
        return PersistentId(As<PickleList>(Pop()).items);
      case 'R':
      case 0x81: {  // a function call, or a new object of a class
        const PickleRef arguments = Pop();
        return Make(*Pop(), arguments);
      }
      case 0x92: {  // a new object with keyword arguments
        Pop();
        const PickleRef arguments = Pop();
        return PushOpaque(NameOf(*Pop()), arguments);
      }
      case 'b': {
        const PickleRef state = Pop();
        if (auto* opaque = std::get_if<PickleOpaque>(&Top()->value)) opaque->attributes = state;
        return;
      }
      default:
        cursor_.FailCorrupt(fmt::format("opcode 0x{:02x} has no place in a checkpoint", opcode));
    }
  }

  // Numbers and text as lines belong to protocols 0 and 1, which torch.save writes only on request.
  void RefuseText(uint8_t opcode) {
    constexpr std::string_view kOfLines = "FILPSVgip";
    if (kOfLines.find(static_cast<char>(opcode)) == std::string_view::npos) return;
    Fail(ErrorKind::kUsage,
         "{} is written with protocol 0 or 1 of pickle (opcode 0x{:02x}), which is not read: save "
         "it again with torch.save's own protocol",
         origin_, opcode);
  }

  static std::string NameOf(const PickleObject& callee) {
    const auto* global = std::get_if<PickleGlobal>(&callee.value);
    return global == nullptr ? "an object" : global->name;
  }

  // Pushes the result of the named function, for the few functions that build state dicts. The
  // results of all others are opaque.
  void Make(const PickleObject& callee, PickleRef argument_list) {
    const std::string name = NameOf(callee);
    const std::vector<PickleRef>& arguments = As<PickleList>(argument_list).items;
    if (IsDictionary(name)) {
      Push(PickleDict{});
      if (!arguments.empty()) SetPairs(arguments[0]);
    } else if (name == "torch._utils._rebuild_tensor" ||
               name == "torch._utils._rebuild_tensor_v2") {
      PushTensor(name, arguments);
    } else if (name == "torch._utils._rebuild_parameter" ||
               name == "torch._utils._rebuild_parameter_with_state") {
      if (arguments.empty()) FailCall(name);
      Again(arguments[0]);  // (tensor, requires_grad, …)
    } else if (name == "torch._tensor._rebuild_from_type_v2") {
      // (function, class, its arguments, …)
      if (arguments.size() < 3 || NameOf(*arguments[0]) == name) FailCall(name);
      Make(*arguments[0], arguments[2]);
    } else {
      // The parts of a sparse or quantized tensor are not weights.
      PushOpaque(name, name.starts_with("torch._utils.") ? nullptr : argument_list);
    }
  }

  void PushTensor(const std::string& name, const std::vector<PickleRef>& arguments) {
    if (arguments.size() < 4) FailCall(name);
    As<const PickleStorage*>(arguments[0]);
    for (const PickleRef numbers : {arguments[2], arguments[3]}) {
      const std::vector<PickleRef>& items = As<PickleList>(numbers).items;
      if (items.size() > kMaxDimensions) FailCall(name);
      for (const PickleRef item : items) As<int64_t>(item);
    }
    Push(PickleTensor{.storage = arguments[0],
                      .offset = As<int64_t>(arguments[1]),
                      .shape = arguments[2],
                      .strides = arguments[3],
                      .negative = arguments.size() > 6 && Says(*arguments[6], "neg")});
  }

  // Whether the object is a dictionary with True under the key.
  static bool Says(const PickleObject& object, std::string_view wanted) {
    const auto* dict = std::get_if<PickleDict>(&object.value);
    if (dict == nullptr) return false;
    return std::any_of(dict->items.begin(), dict->items.end(), [&](const auto& item) {
      const auto* key = std::get_if<std::string>(&item.first->value);
      const auto* value = std::get_if<bool>(&item.second->value);
      return key != nullptr && *key == wanted && value != nullptr && *value;
    });
  }

  [[noreturn]] void FailCall(const std::string& name) const {
    cursor_.FailCorrupt("it calls " + name + " in an unknown way");
  }

  // ("storage", type, key, location, count). Before PyTorch 1.6 a view of another storage follows,
  // (key, offset, count), or None. Files of that age also hold the source of the classes of whole
  // modules: ("module", class, file, source).
  void PersistentId(const std::vector<PickleRef>& id) {
    if (!id.empty() && As<std::string>(id[0]) == "module" && id.size() == 4) {
      Again(id[1]);
    } else {
      Push(Storage(id));
    }
  }

  const PickleStorage* Storage(const std::vector<PickleRef>& id) {
    const auto fail = [&] { cursor_.FailCorrupt("a storage is described in an unknown way"); };
    if (id.size() < 5 || id.size() > 6 || As<std::string>(id[0]) != "storage") fail();
    PickleStorage storage{
        .type = NameOf(*id[1]), .key = As<std::string>(id[2]), .count = As<int64_t>(id[4])};
    if (id.size() == 6 && !std::holds_alternative<PickleNone>(id[5]->value)) {
      const std::vector<PickleRef>& view = As<PickleList>(id[5]).items;
      if (view.size() != 3) fail();
      storage.offset = As<int64_t>(view[1]);
      storage.count = As<int64_t>(view[2]);
    }
    Charge(sizeof(PickleStorage) + storage.type.size() + storage.key.size());
    return &pickle_.storages_.emplace_back(std::move(storage));
  }

  // The container on top of the stack, or that of the items of an opaque object there.
  template <typename T>
  T& TopContainer() {
    PickleRef target = Top();
    if (auto* opaque = std::get_if<PickleOpaque>(&target->value)) {
      if (opaque->items == nullptr) opaque->items = New(T{});
      target = opaque->items;
    }
    return As<T>(target);
  }

  void Extend(const std::vector<PickleRef>& items) {
    auto& list = TopContainer<PickleList>().items;
    list.insert(list.end(), items.begin(), items.end());
  }

  void SetItems(const std::vector<PickleRef>& items) {
    if (items.size() % 2 != 0) cursor_.FailCorrupt("a dictionary has a key without a value");
    auto& dict = TopContainer<PickleDict>().items;
    for (size_t i = 0; i < items.size(); i += 2) dict.emplace_back(items[i], items[i + 1]);
  }

  void MakeDict(const std::vector<PickleRef>& items) {
    Push(PickleDict{});
    SetItems(items);
  }

  // The argument of dict(…): another dictionary, or pairs.
  void SetPairs(PickleRef pairs) {
    if (const auto* dict = std::get_if<PickleDict>(&pairs->value)) {
      Charge(dict->items.size() * kReferenceBytes);
      std::get<PickleDict>(Top()->value) = *dict;
      return;
    }
    const std::vector<PickleRef>& list = As<PickleList>(pairs).items;
    Charge(list.size() * kReferenceBytes);
    for (const PickleRef pair : list) SetItems(As<PickleList>(pair).items);
  }

  void Integer(uint64_t size) {
    if (size <= sizeof(int64_t)) {
      Push(cursor_.Signed(size));
    } else {
      cursor_.Take(size);
      PushOpaque("a large integer");
    }
  }

  void PushText(uint64_t size) {
    const std::string_view text = cursor_.Take(size);
    Charge(size);
    Push(std::string(text));
  }

  void PushGlobal(const std::string& name) {
    Charge(name.size());
    Push(PickleGlobal{name});
  }

  void PushOpaque(const std::string& name, PickleRef arguments = nullptr) {
    Charge(name.size());
    Push(PickleOpaque{name, arguments});
  }

  template <typename T>
  PickleRef New(T value) {
    Charge(sizeof(PickleObject) + kReferenceBytes);
    return &pickle_.objects_.emplace_back(PickleObject{std::move(value)});
  }

  template <typename T>
  void Push(T value) {
    stack_.push_back(New(std::move(value)));
  }

  void Again(PickleRef object) {
    Charge(kReferenceBytes);
    stack_.push_back(object);
  }

  void Charge(uint64_t bytes) {
    if (bytes > room_) {
      Fail(ErrorKind::kUsage,
           "{}: its pickle describes more objects than a checkpoint of its size has: save "
           "model.state_dict() alone",
           origin_);
    }
    room_ -= bytes;
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
    const auto mark = std::find_if(stack_.rbegin(), stack_.rend(), [](PickleRef object) {
      return std::holds_alternative<PickleMark>(object->value);
    });
    if (mark == stack_.rend()) cursor_.FailCorrupt("its stack runs empty");
    std::vector<PickleRef> items(mark.base(), stack_.end());
    stack_.erase(mark.base() - 1, stack_.end());
    return items;
  }

  void Remember(uint64_t index) {
    Charge(kMemoBytes);
    memo_[index] = Top();
  }

  void Recall(uint64_t index) {
    const auto found = memo_.find(index);
    if (found == memo_.end()) cursor_.FailCorrupt("it refers to what it never stored");
    Again(found->second);
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
  uint64_t room_;  // bytes that may still be taken
  std::vector<PickleRef> stack_;
  std::unordered_map<uint64_t, PickleRef> memo_;
};

Pickle::Pickle(std::string_view bytes, const std::string& origin) {
  PickleReader(*this, bytes, origin).Read();
}

}  // namespace zerosweep
