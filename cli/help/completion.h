// What a shell may offer for the word at the cursor.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

namespace zerosweep {

struct Candidate {
  std::string word;
  std::string meaning;  // one line; may be empty
};

enum class Paths { kNone, kFiles, kFolders };

struct Completion {
  std::vector<Candidate> candidates;
  Paths paths = Paths::kNone;  // which paths the shell offers, too
};

// The known values of a kind (cli/value_kinds.h) that begin with `begin`; others do no harm.
using ValueSource =
    std::function<std::vector<Candidate>(const std::string& kind, const std::string& begin)>;

// `words` are those after the program's name; the last one is at the cursor and may be empty. A
// word "=" is taken as the space between an option and its value: bash splits --home=x so.
Completion Complete(const CLI::App& root, const std::vector<std::string>& words,
                    const ValueSource& values);

}  // namespace zerosweep
