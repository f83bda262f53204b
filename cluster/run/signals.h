// INT, TERM, HUP and USR1 as a wish to end cleanly.
#pragma once

namespace zerosweep {

// Sets what a signal does, with restarted system calls. SIGHUP stays ignored where it is: under
// nohup a run goes on when its terminal is closed.
void ListenTo(int number, void (*handler)(int));

// From construction on, the first of INT, TERM, HUP and USR1 is noted instead of ending the
// process; a second INT or TERM ends it at once, a second HUP (a closed terminal gives two) or USR1
// does nothing. May be nested: the outermost notes for all. Main thread.
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
