#include "base/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace zerosweep {
namespace {

std::string_view Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : value;
}

}  // namespace

Screen ScreenOf(int descriptor, bool color_wanted) {
  Screen screen;
  if (isatty(descriptor) == 0) return screen;
  screen.redraws = Variable("TERM") != "dumb";
  screen.styled = screen.redraws && color_wanted && Variable("NO_COLOR").empty();
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) == 0) {
    screen.columns = size.ws_col;
    screen.rows = size.ws_row;
  }
  return screen;
}

}  // namespace zerosweep
