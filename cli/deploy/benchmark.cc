#include "cli/deploy/benchmark.h"

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/places.h"
#include "cli/stage_program.h"
#include "contract/weight_files.h"

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
                                                           .runs = one.at("runs")});
    if (one.at("same").is_number()) network.same = one.at("same").get<double>();
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
  const auto path = [](const std::filesystem::path& file) {
    return file.empty() ? "" : std::filesystem::absolute(file).string();
  };
  Json request = {{"files", Json::array()},      {"data", Json::array()},
                  {"batch", settings.batch},     {"threads", settings.threads},
                  {"seconds", settings.seconds}, {"images", path(settings.images)}};
  for (const auto& file : files) {
    request["files"].push_back(path(file));
    for (const auto& data : WeightFiles(path(file))) request["data"].push_back(data.string());
  }
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
