#include "engine/import/pt2/pt2_json.h"

#include <algorithm>

#include "base/error.h"

namespace zerosweep {
namespace {

constexpr size_t kMaxText = 256 << 20;
// A network of 1,000 nodes has about 100,000 values; one takes up to 150 bytes of memory.
constexpr int64_t kMaxValues = 4'000'000;
constexpr int kMaxLevels = 64;
constexpr size_t kMaxName = 1000;

// Walks over a text before it takes memory. (A callback of Json::parse would see the same, but that
// takes quadratic time for a list of objects.)
class BoundsCheck : public nlohmann::json_sax<Json> {
 public:
  explicit BoundsCheck(const std::string& origin) : origin_(origin) {}

  bool null() override { return Count(); }
  bool boolean(bool) override { return Count(); }
  bool number_integer(number_integer_t) override { return Count(); }
  bool number_unsigned(number_unsigned_t) override { return Count(); }
  bool number_float(number_float_t, const string_t&) override { return Count(); }
  bool string(string_t&) override { return Count(); }
  bool binary(binary_t&) override { return Count(); }
  bool key(string_t&) override { return true; }
  bool start_object(size_t) override { return Begin(); }
  bool start_array(size_t) override { return Begin(); }
  bool end_object() override { return End(); }
  bool end_array() override { return End(); }
  bool parse_error(size_t, const std::string&, const nlohmann::json::exception&) override {
    Fail(ErrorKind::kUsage, "{} is corrupt: it is no JSON", origin_);
  }

 private:
  bool Count() {
    if (++values_ > kMaxValues) {
      Fail(ErrorKind::kUsage, "{} holds more than {} values, more than a program has", origin_,
           kMaxValues);
    }
    return true;
  }
  bool Begin() {
    if (++level_ > kMaxLevels) {
      Fail(ErrorKind::kUsage, "{} is corrupt: it has more than {} levels", origin_, kMaxLevels);
    }
    return Count();
  }
  bool End() {
    --level_;
    return true;
  }

  const std::string& origin_;
  int64_t values_ = 0;
  int level_ = 0;
};

}  // namespace

Json ParseBoundedJson(std::string_view text, const std::string& origin) {
  if (text.size() > kMaxText) {
    Fail(ErrorKind::kUsage, "{} has {} bytes, more than a program has", origin, text.size());
  }
  BoundsCheck check(origin);
  Json::sax_parse(text, &check);
  return ParseJson(text, origin);
}

bool JsonView::Has(const char* key) const { return value_.is_object() && value_.contains(key); }

JsonView JsonView::At(const char* key) const {
  if (!Has(key)) FailCorrupt(fmt::format("'{}' is missing", key));
  return {value_.find(key).value(), place_};
}

std::vector<JsonView> JsonView::Items() const {
  if (!value_.is_array()) FailCorrupt("a list is missing");
  std::vector<JsonView> items;
  items.reserve(value_.size());
  for (const Json& item : value_) items.emplace_back(item, place_);
  return items;
}

const std::string& JsonView::Tag() const {
  if (!value_.is_object() || value_.size() != 1) FailCorrupt("an object must have one key");
  const std::string& tag = value_.begin().key();
  const bool plain = tag.size() <= kMaxName && std::all_of(tag.begin(), tag.end(), [](char c) {
                       return (c >= 'a' && c <= 'z') || c == '_';
                     });
  if (!plain) FailCorrupt("an object has a strange key");
  return tag;
}

int64_t JsonView::Int() const {
  const bool fits = value_.is_number_integer() &&
                    (!value_.is_number_unsigned() || value_.get<uint64_t>() <= INT64_MAX);
  if (!fits) FailCorrupt("an integer is missing");
  return value_.get<int64_t>();
}

bool JsonView::Bool() const {
  if (!value_.is_boolean()) FailCorrupt("true or false is missing");
  return value_.get<bool>();
}

const std::string& JsonView::Name() const {
  if (!value_.is_string()) FailCorrupt("a name is missing");
  const auto& name = value_.get_ref<const std::string&>();
  const bool plain = name.size() <= kMaxName && std::none_of(name.begin(), name.end(), [](char c) {
                       return static_cast<unsigned char>(c) < ' ' || c == '\x7f';
                     });
  if (!plain) FailCorrupt("a name has control characters or more than 1,000 bytes");
  return name;
}

void JsonView::FailCorrupt(const std::string& what) const {
  Fail(ErrorKind::kUsage, "{} is corrupt: {}", place_, what);
}

}  // namespace zerosweep
