#include "cli/stage_program.h"

#include <chrono>
#include <future>
#include <stop_token>

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "cli/places.h"
#include "cluster/coordinator/progress_display.h"
#include "cluster/run/signals.h"
#include "contract/subprocess.h"
#include "storage/home/cache_file.h"
#include "sweeps/values/catalogue.h"

namespace zerosweep {
namespace fs = std::filesystem;
namespace {

constexpr double kMaxSeconds = 600;
constexpr const char* kNetworksCache = "networks.json";

}  // namespace

ProgramResult AskProgram(const std::vector<std::string>& words, const std::string& label,
                         const Globals& globals) {
  const DrainSignals signals;
  std::stop_source stop;
  auto running = std::async(std::launch::async, [&] {
    return RunProgram(words, ChildEnvironment(), kMaxSeconds, stop.get_token());
  });
  ProgressDisplay display(DetectDisplay(globals.color, globals.quiet), SystemClock());
  const double start = SystemClock().Monotonic();
  while (running.wait_for(std::chrono::milliseconds(200)) != std::future_status::ready) {
    if (signals.Requested()) stop.request_stop();
    display.Update({.running = {{.label = label, .seconds = SystemClock().Monotonic() - start}}});
  }
  ProgramResult result = running.get();
  if (result.stopped || signals.Requested())
    FailTrial(Failure::kInterrupted, "interrupted while {}", label);
  return result;
}

ProgramResult AskStageProgram(const std::vector<std::string>& arguments, const std::string& label,
                              const Globals& globals) {
  std::vector<std::string> words = {StageProgram().string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return AskProgram(words, label, globals);
}

std::string WhyItFailed(const ProgramResult& result) {
  if (result.timed_out) return fmt::format("no answer in {:.0f} s", kMaxSeconds);
  const std::string line = result.err.substr(0, result.err.find('\n'));
  return line.empty() ? fmt::format("it ended with {}", result.code) : line;
}

Json AskForObject(const std::vector<std::string>& arguments, const std::string& label,
                  const std::string& failure, const Globals& globals) {
  const ProgramResult result = AskStageProgram(arguments, label, globals);
  const Json answer = Json::parse(result.out, nullptr, /*allow_exceptions=*/false);
  if (!answer.is_object())
    Fail(ErrorKind::kCluster, "{}: zerosweep-stage does not answer ({})", failure,
         WhyItFailed(result));
  if (answer.contains("error"))
    throw Error(ErrorKindFromString(answer.at("kind")), answer.at("error").get<std::string>());
  return answer;
}

Json InspectFile(const fs::path& file, const std::vector<int64_t>& input_shape,
                 const Globals& globals, const fs::path& probe) {
  Json request = {{"file", fs::absolute(file).string()}};
  if (!input_shape.empty()) request["input_shape"] = input_shape;
  if (!probe.empty()) request["probe"] = probe.string();
  return AskForObject({"--inspect", request.dump()}, "looking into " + file.filename().string(),
                      file.string() + " cannot be looked into", globals);
}

ModelFacts FactsOfFile(const fs::path& file, const std::string& digest,
                       const std::vector<int64_t>& input_shape, const Globals& globals) {
  const std::string name =
      Sha256Hex(CanonicalJson({CompiledCatalogue().digest(), digest, input_shape}));
  Json known = ReadCache(globals.home(), kNetworksCache);
  if (!known.is_object()) known = Json::object();
  try {
    if (known.contains(name)) return ModelFactsFromJson(known.at(name));
  } catch (const nlohmann::json::exception&) {
    known.erase(name);  // damaged
  }
  const Json report = InspectFile(file, input_shape, globals);
  for (const std::string note : report.at("notes")) spdlog::warn("{}: {}", file.string(), note);
  known[name] = report.at("facts");
  WriteCache(globals.home(), kNetworksCache, known);
  return ModelFactsFromJson(known.at(name));
}

}  // namespace zerosweep
