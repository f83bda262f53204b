#include "cluster/run/signals.h"

#include <csignal>

namespace zerosweep {
namespace {

constexpr int kNumbers[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1};

volatile std::sig_atomic_t requested = 0;
int nesting = 0;

void OnSignal(int number) {
  requested = 1;
  if (number == SIGUSR1 || number == SIGHUP) return;
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

}  // namespace

void ListenTo(int number, void (*handler)(int)) {
  struct sigaction action {};
  if (number == SIGHUP && sigaction(SIGHUP, nullptr, &action) == 0 && action.sa_handler == SIG_IGN)
    return;
  action = {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigaction(number, &action, nullptr);
}

DrainSignals::DrainSignals() {
  if (nesting++ > 0) return;
  requested = 0;
  for (const int number : kNumbers) ListenTo(number, OnSignal);
}

DrainSignals::~DrainSignals() {
  if (--nesting > 0) return;
  for (const int number : kNumbers) ListenTo(number, SIG_DFL);
}

bool DrainSignals::Requested() const { return requested != 0; }

}  // namespace zerosweep
