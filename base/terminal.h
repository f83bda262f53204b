// What an output stream takes besides plain text: the one rule for colour, bold letters and bars.
#pragma once

namespace zerosweep {

struct Screen {
  bool redraws = false;  // takes escape sequences: a terminal that TERM does not call dumb
  // Gets colour, bold letters and bars: redraws, and its user has not said otherwise by --no-color
  // or NO_COLOR (empty counts as unset, as no-color.org has it).
  bool styled = false;
  int columns = 0, rows = 0;  // of any terminal; 0: unknown
};

// `color_wanted`: no --no-color.
Screen ScreenOf(int descriptor, bool color_wanted);

}  // namespace zerosweep
