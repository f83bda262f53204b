// A pipe whose ends close themselves.
#pragma once

namespace zerosweep {

// Both ends are O_CLOEXEC. Throws kCluster when there are no descriptors left.
class Pipe {
 public:
  Pipe();
  ~Pipe();
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  int reading() const { return ends_[0]; }
  int writing() const { return ends_[1]; }
  void CloseWriting();
  // The caller closes the descriptor.
  int TakeReading();
  int TakeWriting();

 private:
  int ends_[2] = {-1, -1};
};

}  // namespace zerosweep
