// The life of a stage process: hello, then one result for each `run`, until the worker closes the
// stream.
#pragma once

namespace zerosweep {

// Serves frames on the given descriptors. Returns the exit code. Ends the process at once when the
// worker goes away while a stage runs. On SIGTERM, the running stage saves a checkpoint and answers
// failed, "interrupted"; a stage that saves none ends the process at once (exit 75).
int ServeStages(int read_fd, int write_fd);

}  // namespace zerosweep
