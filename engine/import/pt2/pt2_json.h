// JSON of strangers: bounded when it is parsed, checked when it is read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace zerosweep {

// Parses an entry of an archive. Throws kUsage, naming `origin` ("net.pt2: model.json"), for what
// is no JSON, for more than 256 MB, 4,000,000 values and 64 levels.
Json ParseBoundedJson(std::string_view text, const std::string& origin);

// One value of an entry, with the place that errors name ("net.pt2: model.json: node 3").
class JsonView {
 public:
  // Both must outlive the view and all views that it gives.
  JsonView(const Json& value, const std::string& place) : value_(value), place_(place) {}

  const Json& json() const { return value_; }
  bool Has(const char* key) const;  // false where it is no object
  // All others throw kUsage, naming the place, where the value is not of that kind.
  JsonView At(const char* key) const;
  std::vector<JsonView> Items() const;
  // The only key of an object, which says of which kind its value is: {"as_int": 3}.
  const std::string& Tag() const;
  int64_t Int() const;
  bool Bool() const;
  // A text without control characters and of at most 1,000 bytes, which may stand in a message.
  const std::string& Name() const;

  [[noreturn]] void FailCorrupt(const std::string& what) const;

 private:
  const Json& value_;
  const std::string& place_;
};

}  // namespace zerosweep
