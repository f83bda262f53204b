// Things with a factory: a synthesizer, quantizer or stage kind registers itself at the foot of its
// file, together with its declaration:
//
//   const RegisterSynthesizer kZeroQ{{.name = "zeroq", …}, Synthesize};
#pragma once

#include <map>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "engine/catalogue/declare.h"

namespace zerosweep {

// Function: a plain function pointer type.
template <Role kRole, typename Function>
class Registry {
 public:
  struct Entry {
    Declaration declaration;
    Function function = nullptr;
  };

  struct Register {
    Register(Declaration declaration, Function function) {
      constexpr bool kIsMethod = kRole == Role::kSynthesizer || kRole == Role::kQuantizer;
      if (kIsMethod && std::holds_alternative<KindFacts>(declaration.facts))
        declaration.facts = MethodFacts{};  // the usual ones
      Declare(kRole, declaration);
      const std::string name = declaration.name;
      Table().emplace(name, Entry{std::move(declaration), function});
    }
  };

  // Throws kUsage with the nearest known name.
  static const Entry& Get(const std::string& name) {
    const auto found = Table().find(name);
    if (found != Table().end()) return found->second;
    std::vector<std::string> known;
    for (const auto& [key, entry] : Table()) known.push_back(key);
    Fail(ErrorKind::kUsage, "unknown {} '{}'{}", ToString(kRole), name, Suggestion(name, known));
  }

 private:
  static std::map<std::string, Entry>& Table() {
    static std::map<std::string, Entry> table;
    return table;
  }
};

// The parameters of a declaration with every default filled in: what an implementation reads.
// `given` holds what the stage's name holds, where neutral values are left out. Throws kUsage for a
// parameter that is not declared.
Json CompleteParams(const Declaration& declaration, const Json& given);

}  // namespace zerosweep
