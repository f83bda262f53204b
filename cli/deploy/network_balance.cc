#include "cli/deploy/network_balance.h"

#include "base/error.h"
#include "base/files.h"
#include "base/temporary_folder.h"
#include "base/text.h"
#include "cli/deploy/benchmark.h"

namespace zerosweep {
namespace fs = std::filesystem;
namespace {

constexpr int kBatch = 8;
constexpr double kGiga = 1e9;

}  // namespace

std::string Balance(const std::string& trial, const fs::path& file, const WrittenNetwork& written,
                    const Globals& globals) {
  const TemporaryFolder folder("zerosweep-full-precision-");
  const fs::path full = folder.path() / "full_precision.onnx";
  const Json report = ExportTeacher(trial, full, globals);
  const auto bytes = [](const fs::path& of) {
    return HumanBytes(static_cast<double>(fs::file_size(of)));
  };
  std::string text = fmt::format("{}: {}{} → {}, {:.3g} → {:.3g} GBitOps", file.string(),
                                 written.scores ? Phrase(*written.scores) + ", " : "", bytes(full),
                                 bytes(file), report.at("bitops").get<double>() / kGiga,
                                 written.report.at("bitops").get<double>() / kGiga);
  try {
    const Benchmark benchmark = RunBenchmark({full, file}, {.batch = kBatch}, globals);
    return text + fmt::format(", {:.3g} → {:.3g} ms for {} images ({}, one thread)",
                              benchmark.networks[0].milliseconds,
                              benchmark.networks[1].milliseconds, benchmark.batch,
                              benchmark.runtime);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kUsage) throw;
    return text + fmt::format("; no latency: {}", error.what());
  }
}

}  // namespace zerosweep
