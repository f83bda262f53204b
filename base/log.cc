#include "base/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <unistd.h>

#include <cstdlib>

namespace zerosweep {

void SetUpLog(Verbosity verbosity, bool color) {
  const bool plain = !color || std::getenv("NO_COLOR") != nullptr || isatty(STDERR_FILENO) == 0;
  auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>(
      plain ? spdlog::color_mode::never : spdlog::color_mode::always);
  auto logger = std::make_shared<spdlog::logger>("zerosweep", std::move(sink));
  logger->set_pattern("%n: %^%l%$: %v");
  if (verbosity != Verbosity::kVerbose) logger->set_pattern("%n: %^%v%$");
  logger->set_level(verbosity == Verbosity::kQuiet     ? spdlog::level::warn
                    : verbosity == Verbosity::kVerbose ? spdlog::level::debug
                                                       : spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace zerosweep
