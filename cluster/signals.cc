#include "cluster/signals.h"

#include <csignal>
#include <initializer_list>

namespace zerosweep {
namespace {

volatile std::sig_atomic_t requested = 0;
int nesting = 0;

void Note(int number) {
  requested = 1;
  if (number == SIGUSR1) return;
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

}  // namespace

DrainSignals::DrainSignals() {
  if (nesting++ > 0) return;
  requested = 0;
  for (const int number : {SIGINT, SIGTERM, SIGUSR1}) {
    struct sigaction action {};
    action.sa_handler = Note;
    action.sa_flags = SA_RESTART;
    sigaction(number, &action, nullptr);
  }
}

DrainSignals::~DrainSignals() {
  if (--nesting > 0) return;
  for (const int number : {SIGINT, SIGTERM, SIGUSR1}) std::signal(number, SIG_DFL);
}

bool DrainSignals::Requested() const { return requested != 0; }

}  // namespace zerosweep
