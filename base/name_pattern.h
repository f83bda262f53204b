// A regular expression for names, from a stranger: matching takes time in proportion to the name.
#pragma once

#include <memory>
#include <string>

namespace zerosweep {

// POSIX's extended syntax (grep -E), without braces, whose repetitions may take any memory.
class NamePattern {
 public:
  // Throws kUsage, in a few words, for text that is no such expression.
  explicit NamePattern(const std::string& text);

  // Whether some part of the name matches.
  bool FoundIn(const std::string& name) const;

 private:
  struct Compiled;
  std::shared_ptr<const Compiled> compiled_;
};

}  // namespace zerosweep
