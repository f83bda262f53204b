#include "cli/import_check.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/places.h"
#include "cli/stage_program.h"
#include "contract/weight_files.h"

namespace zerosweep {
namespace {

// Of the largest output: twenty times the rounding of float32 in deep networks; networks in half
// precision round each of their tensors to 11 or 8 bits, which Zerosweep does not.
double ToleranceOf(const std::string& type) {
  return type == "float16" ? 2e-2 : type == "bfloat16" ? 1e-1 : 1e-4;
}
// Of any output: onnxruntime's sigmoid is that far from the exact one near 0.
constexpr double kLeast = 3e-7;

[[noreturn]] void FailMissing(const std::filesystem::path& file, const std::string& what) {
  Fail(
      ErrorKind::kUsage,
      "{} was not compared with what it computes itself: {} is missing; `scripts/setup --onnx` (or "
      "pip install 'zerosweep[onnx]') brings it, --no-check does without",
      file.string(), what);
}

}  // namespace

std::string CheckAgainstFile(const std::filesystem::path& file, const std::filesystem::path& probe,
                             const Globals& globals) {
  const auto script = PythonScript("import_check.py"), python = PythonProgram();
  if (script.empty()) FailMissing(file, "import_check.py");
  if (python.empty()) FailMissing(file, "its Python");
  const std::filesystem::path whole = std::filesystem::absolute(file);
  std::vector<std::string> words = {python.string(), "-I", script.string(), whole.string(),
                                    probe.string()};
  // It may read them, and nothing else of the user's.
  for (const auto& data : WeightFiles(whole))
    if (data != whole) words.push_back(data.string());
  const ProgramResult result =
      AskProgram(words, "running " + file.filename().string() + " itself", globals);
  const Json answer = Json::parse(result.out, nullptr, /*allow_exceptions=*/false);
  if (!answer.is_object())
    Fail(ErrorKind::kUsage,
         "{} was not compared with what it computes itself: {}; --no-check does without",
         file.string(), WhyItFailed(result));
  if (answer.contains("missing")) FailMissing(file, answer.at("missing").get<std::string>());
  if (answer.contains("error"))
    Fail(ErrorKind::kUsage, "{} does not run by itself: {}; --no-check does without", file.string(),
         ShownBytes(answer.at("error").get<std::string>()));
  const double difference = answer.at("difference").is_number()
                                ? answer.at("difference").get<double>()
                                : std::numeric_limits<double>::infinity();
  const double largest = answer.at("largest");
  if (largest < 10 * kLeast)
    Fail(
        ErrorKind::kUsage,
        "{}: its output is next to 0 for every image of the check, which shows nothing; --no-check "
        "does without",
        file.string());
  const double relative = difference / largest;
  const std::string runtime = answer.at("runtime");
  const std::string type = answer.at("type");
  if (!(difference <= std::max(ToleranceOf(type) * largest, kLeast)))
    Fail(ErrorKind::kUsage,
         "{}: its outputs differ from those of {} by {:.2g} of the largest: please report it; "
         "--no-check imports it all the same",
         file.string(), runtime, relative);
  if (!answer.at("varies").get<bool>())
    Fail(ErrorKind::kUsage, "{}: its output is the same for every image; --no-check imports it",
         file.string());
  return fmt::format("its outputs are those of {}, but for {:.1g} of the largest{}", runtime,
                     relative, ToleranceOf(type) > ToleranceOf("float32") ? ", in " + type : "");
}

}  // namespace zerosweep
