// Things with a factory: a synthesizer, quantizer or stage kind registers itself at the end of its
// file, together with its declaration and its parameters:
//
//   const RegisterSynthesizer kZeroQ{{.name = "zeroq", …}, ZeroQParams(), Synthesize};
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "engine/catalogue/declare.h"
#include "engine/catalogue/limits.h"
#include "engine/catalogue/name_table.h"
#include "engine/catalogue/params.h"

namespace zerosweep {

template <Role kRole, typename Context, typename Result>
class Registry {
 public:
  struct Entry {
    Declaration declaration;
    // `params` are the given values; the others are neutral or have their defaults (Params::Read).
    std::function<Result(const Context& context, const Json& params)> function;
  };

  struct Register {
    template <typename Settings>
    Register(Declaration declaration, const Params<Settings>& params,
             Result (*function)(const Context&, const Settings&)) {
      declaration.params = params.specs();
      const std::string name = declaration.name;
      Add(std::move(declaration),
          [name, params, function](const Context& context, const Json& given) {
            return function(context, params.Read(name, given));
          });
    }
    // For a function that reads no parameters. The declared parameters are then read by others.
    Register(Declaration declaration, Result (*function)(const Context&)) {
      Add(std::move(declaration),
          [function](const Context& context, const Json&) { return function(context); });
    }
  };

  // Throws kUsage with the nearest known name.
  static const Entry& Get(const std::string& name) { return Table().Get(name); }

 private:
  static void Add(Declaration declaration,
                  std::function<Result(const Context&, const Json&)> function) {
    constexpr bool kIsMethod = kRole == Role::kSynthesizer || kRole == Role::kQuantizer;
    if (kIsMethod && std::holds_alternative<KindFacts>(declaration.facts))
      declaration.facts = MethodFacts{};  // the usual ones
    Declare(kRole, declaration);
    const std::string name = declaration.name;
    Table().Add(name, {std::move(declaration), std::move(function)});
  }

  static NameTable<Entry>& Table() {
    static NameTable<Entry> table(ToString(kRole));
    return table;
  }
};

}  // namespace zerosweep
