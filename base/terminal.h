// The one rule for whether an output stream gets colour, bold text and progress bars.
#pragma once

namespace zerosweep {

struct Screen {
  bool redraws = false;  // accepts escape sequences: a terminal whose TERM is not dumb
  // Gets colour, bold text and bars: `redraws` is set, and the user has not disabled them by
  // --no-color or NO_COLOR (an empty one counts as unset, as at no-color.org).
  bool styled = false;
  int columns = 0, rows = 0;  // of the terminal; 0: unknown
};

// `color_wanted`: --no-color was not given.
Screen ScreenOf(int descriptor, bool color_wanted);

}  // namespace zerosweep
