#include "base/name_pattern.h"

#include <regex.h>

#include "base/error.h"

namespace zerosweep {
namespace {

constexpr size_t kMostCharacters = 1000;

}  // namespace

struct NamePattern::Compiled {
  explicit Compiled(const char* text)
      : code(regcomp(&expression, text, REG_EXTENDED | REG_NOSUB)) {}
  ~Compiled() {
    if (code == 0) regfree(&expression);
  }
  Compiled(const Compiled&) = delete;
  Compiled& operator=(const Compiled&) = delete;

  regex_t expression{};
  int code;
};

NamePattern::NamePattern(const std::string& text) {
  if (text.size() > kMostCharacters || text.find_first_of("{}") != std::string::npos)
    Fail(ErrorKind::kUsage, "'{:.60}' has braces or more than {} characters", text,
         kMostCharacters);
  const auto compiled = std::make_shared<const Compiled>(text.c_str());
  if (compiled->code != 0)
    Fail(ErrorKind::kUsage, "'{}' is no regular expression (as of grep -E)", text);
  compiled_ = compiled;
}

bool NamePattern::FoundIn(const std::string& name) const {
  return regexec(&compiled_->expression, name.c_str(), 0, nullptr, 0) == 0;
}

}  // namespace zerosweep
