#include "base/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <unistd.h>

#include "base/terminal.h"

namespace zerosweep {

void SetUpLog(Verbosity verbosity, bool color) {
  auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>(
      ScreenOf(STDERR_FILENO, color).styled ? spdlog::color_mode::always
                                            : spdlog::color_mode::never);
  auto logger = std::make_shared<spdlog::logger>("zerosweep", std::move(sink));
  logger->set_pattern("%n: %^%l%$: %v");
  if (verbosity != Verbosity::kVerbose) logger->set_pattern("%n: %^%v%$");
  logger->set_level(verbosity == Verbosity::kQuiet     ? spdlog::level::warn
                    : verbosity == Verbosity::kVerbose ? spdlog::level::debug
                                                       : spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace zerosweep
