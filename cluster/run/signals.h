// INT, TERM, HUP and USR1 as requests to end cleanly.
#pragma once

namespace zerosweep {

// Sets a signal's handler; interrupted system calls are restarted. SIGHUP stays ignored where it is
// already: under nohup a run continues when its terminal is closed.
void ListenTo(int number, void (*handler)(int));

// While an object lives, the first INT, TERM, HUP or USR1 is noted instead of ending the process. A
// second INT or TERM ends it at once; a second HUP (a closed terminal sends two) or USR1 does
// nothing. Objects may be nested: the outermost notes for all. Main thread.
class DrainSignals {
 public:
  DrainSignals();
  // The outermost restores the default actions.
  ~DrainSignals();
  DrainSignals(const DrainSignals&) = delete;
  DrainSignals& operator=(const DrainSignals&) = delete;

  bool Requested() const;
};

}  // namespace zerosweep
