// embed_catalogue CATALOGUE.json OUT.cc RECIPE.yaml…
// A build step: checks the recipes against the catalogue as a sweep is checked, and writes both as
// a source file that defines CompiledCatalogue(). A recipe with an unknown name stops the build
// with its file and line.
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/files.h"
#include "sweeps/grammar/yaml_tree.h"
#include "sweeps/values/catalogue.h"
#include "sweeps/values/methods.h"

namespace zerosweep {
namespace {

constexpr size_t kPieceBytes = 15'000;  // compilers need not accept longer string literals

// The text as adjacent raw string literals.
std::string AsLiteral(std::string_view text) {
  std::string literal;
  for (size_t at = 0; at < text.size(); at += kPieceBytes) {
    literal += fmt::format("    R\"zerosweep({})zerosweep\"\n", text.substr(at, kPieceBytes));
  }
  return literal;
}

Declarations ReadDeclarations(const char* file) {
  const Json json = ParseJson(ReadFile(file), file);
  try {
    return DeclarationsFromJson(json);
  } catch (const Json::exception& error) {
    Fail(ErrorKind::kUsage, "{}: is no catalogue of this version ({})", file, error.what());
  }
}

std::vector<Recipe> ReadRecipes(const Declarations& declared, int count, char** files) {
  const Catalogue catalogue(declared, {});
  std::vector<Recipe> recipes;
  for (int i = 0; i < count; ++i) {
    const YamlNode root = ParseYaml(ReadFile(files[i]), files[i]);
    Recipe recipe = ParseRecipe(root, catalogue);
    if (std::filesystem::path(files[i]).stem() != recipe.name) {
      FailAt(files[i], "the recipe is named '{}', its file must be {}.yaml", recipe.name,
             recipe.name);
    }
    recipes.push_back(std::move(recipe));
  }
  return recipes;
}

std::string Source(const Declarations& declared, const std::vector<Recipe>& recipes) {
  return fmt::format(
      "// Made by embed_catalogue from `zerosweep-stage --describe` and sweeps/recipes.\n"
      "#include \"sweeps/values/catalogue.h\"\n\n"
      "namespace zerosweep {{\n"
      "namespace {{\n\n"
      "constexpr const char* kCatalogue =\n{};\n\n"
      "constexpr const char* kRecipes =\n{};\n\n"
      "}}  // namespace\n\n"
      "const Catalogue& CompiledCatalogue() {{\n"
      "  static const Catalogue kCompiled(DeclarationsFromJson(Json::parse(kCatalogue)),\n"
      "                                   RecipesFromJson(Json::parse(kRecipes)));\n"
      "  return kCompiled;\n"
      "}}\n\n"
      "}}  // namespace zerosweep\n",
      AsLiteral(ToJson(declared).dump()), AsLiteral(ToJson(recipes).dump()));
}

int Main(int argc, char** argv) {
  if (argc < 3) {
    std::fputs("usage: embed_catalogue CATALOGUE.json OUT.cc RECIPE.yaml...\n", stderr);
    return kExitUsage;
  }
  const Declarations declared = ReadDeclarations(argv[1]);
  WriteFileAtomically(argv[2], Source(declared, ReadRecipes(declared, argc - 3, argv + 3)));
  return kExitOk;
}

}  // namespace
}  // namespace zerosweep

int main(int argc, char** argv) {
  try {
    return zerosweep::Main(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return zerosweep::kExitUsage;
  }
}
