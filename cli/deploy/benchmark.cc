#include "cli/deploy/benchmark.h"

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/places.h"
#include "cli/stage_program.h"

namespace zerosweep {
namespace {

[[noreturn]] void FailMissing(const std::string& what) {
  Fail(ErrorKind::kUsage,
       "{} is missing to run ONNX files: `scripts/setup --onnx` (or pip install 'zerosweep[onnx]') "
       "brings it",
       what);
}

Benchmark BenchmarkOf(const Json& answer) {
  Benchmark benchmark{.runtime = answer.at("runtime"),
                      .batch = answer.at("batch"),
                      .images = answer.at("images"),
                      .real = answer.at("real")};
  for (const Json& one : answer.at("networks")) {
    auto& network =
        benchmark.networks.emplace_back(Benchmark::Network{.milliseconds = one.at("milliseconds"),
                                                           .spread = one.at("spread"),
                                                           .runs = one.at("runs"),
                                                           .same = one.at("same")});
    if (one.at("sqnr").is_number()) network.sqnr = one.at("sqnr").get<double>();
  }
  return benchmark;
}

}  // namespace

Benchmark RunBenchmark(const std::vector<std::filesystem::path>& files,
                       const BenchmarkSettings& settings, const Globals& globals) {
  const auto script = PythonScript("benchmark.py"), python = PythonProgram();
  if (script.empty()) FailMissing("benchmark.py");
  if (python.empty()) FailMissing("its Python");
  Json request = {
      {"files", Json::array()},
      {"batch", settings.batch},
      {"threads", settings.threads},
      {"seconds", settings.seconds},
      {"images",
       settings.images.empty() ? "" : std::filesystem::absolute(settings.images).string()}};
  for (const auto& file : files)
    request["files"].push_back(std::filesystem::absolute(file).string());
  const ProgramResult result =
      AskProgram({python.string(), "-I", script.string(), request.dump()},
                 fmt::format("running {} networks in turns", files.size()), globals);
  const Json answer = Json::parse(result.out, nullptr, /*allow_exceptions=*/false);
  if (!answer.is_object())
    Fail(ErrorKind::kUsage, "the networks were not run: {}", WhyItFailed(result));
  if (answer.contains("missing")) FailMissing(answer.at("missing").get<std::string>());
  if (answer.contains("error"))
    Fail(ErrorKind::kUsage, "the networks do not run: {}",
         ShownBytes(answer.at("error").get<std::string>()));
  return BenchmarkOf(answer);
}

}  // namespace zerosweep
