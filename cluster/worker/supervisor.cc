#include "cluster/worker/supervisor.h"

#include <algorithm>
#include <csignal>
#include <fstream>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "contract/artifact.h"
#include "storage/home/file_system.h"

namespace zerosweep {
namespace {

constexpr size_t kSteps = 64;
constexpr double kEndPatience = 0.5;  // seconds between the end of a stream and of its process
constexpr int kReadsPerPoll = 16;     // so that a chatty stage cannot monopolise the caller

// The number of processes that the kernel has killed for lack of memory since boot; 0 if it does
// not report this.
long OomKills() {
  std::ifstream file("/proc/vmstat");
  std::string name;
  long value = 0;
  while (file >> name >> value)
    if (name == "oom_kill") return value;
  return 0;
}

std::string OneLine(std::string text) {
  std::replace(text.begin(), text.end(), '\n', '|');
  return text;
}

template <typename M>
const std::string* AttemptOf(const M& message) {
  if constexpr (std::is_same_v<M, StageHello>) {
    return nullptr;
  } else {
    return &message.attempt;
  }
}

}  // namespace

void StallLimit::AddStep(double seconds) {
  if (steps_.size() < kSteps) {
    steps_.push_back(seconds);
  } else {
    steps_[next_] = seconds;
    next_ = (next_ + 1) % kSteps;
  }
  std::vector<double> sorted = steps_;
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  limit_ = factor_ * *middle;
}

Supervisor::Supervisor(SupervisorOptions options, const std::string& name, const Clock& clock)
    : options_(std::move(options)),
      network_(options_.network.value_or(IsNetworkFileSystem(options_.home.folder))),
      time_(clock),
      log_(options_.home, name) {
  std::signal(SIGPIPE, SIG_IGN);  // a stage that dies during a write must not end us
}

void Supervisor::Spawn() {
  greeted_ = at_end_ = false;
  buffer_ = FrameBuffer();
  spawned_at_ = time_.Seconds();
  ChildOptions spawn;
  spawn.command = {options_.program.string()};
  spawn.environment = ChildEnvironment();
  // Spinning threads would take the cores from each other where slots share them.
  spawn.environment["OMP_WAIT_POLICY"] = "PASSIVE";
  spawn.log = log_.path();
  child_ = std::make_unique<ChildProcess>(spawn);
}

void Supervisor::Start(const StageRun& run, const StageLimits& limits) {
  log_.Begin(run.attempt, run.rank);
  run_ = run;
  rank_ = run.rank;
  sent_ = draining_ = false;
  asked_at_ = time_.Seconds();
  limits_ = limits;
  oom_kills_before_ = OomKills();
  if (child_ && (at_end_ || child_->Ended())) child_.reset();
  if (!child_) Spawn();
  SendRunWhenReady();
}

// Reading the parent folder makes a network file system look again.
bool Supervisor::SeesInputs() const {
  std::error_code code;
  return std::ranges::all_of(run_->inputs, [&](const auto& input) {
    const std::filesystem::path folder = input.second;
    if (std::filesystem::exists(folder / kManifestFile, code)) return true;
    for ([[maybe_unused]] const auto& entry :
         std::filesystem::directory_iterator(folder.parent_path(), code)) {
    }
    return std::filesystem::exists(folder / kManifestFile, code);
  });
}

void Supervisor::SendRunWhenReady() {
  if (!run_ || !greeted_ || sent_) return;
  const bool patient = network_ && time_.Seconds() - asked_at_ < options_.input_patience;
  if (patient && !SeesInputs()) return;
  SendRun();  // the stage reports what is still absent
}

void Supervisor::SendRun() {
  sent_ = true;
  stall_.emplace(options_.stall_floor, options_.stall_factor);
  last_frame_ = sent_at_ = time_.Seconds();
  WriteFrame(child_->write_fd(), ToJson(*run_));  // a dead reader is noticed by its process's end
}

std::vector<StageEvent> Supervisor::Poll() {
  std::vector<StageEvent> events = std::exchange(pending_, {});
  time_.Turn();
  if (!child_) return events;
  ReadFrames(events);
  if (child_) CheckProcess(events);
  if (child_) CheckSilence(events);
  if (child_) SendRunWhenReady();
  return events;
}

void Supervisor::ReadFrames(std::vector<StageEvent>& events) {
  for (int i = 0; i < kReadsPerPoll && child_ && !at_end_; ++i) {
    const ReadStatus status = ReadInto(child_->read_fd(), buffer_);
    at_end_ = status == ReadStatus::kEnd;
    end_seen_ = time_.Seconds();
    while (child_) {
      std::optional<StageMessage> message;
      try {
        if (const auto frame = buffer_.Next()) message = StageMessageFromJson(*frame);
      } catch (const Error& error) {
        child_->Kill();
        child_.reset();
        if (run_) FailRun(Failure::kCrash, error.what(), events);
        return;
      }
      if (!message) break;
      Handle(*message, events);
    }
    if (status != ReadStatus::kFrames) return;
  }
}

void Supervisor::Handle(const StageMessage& message, std::vector<StageEvent>& events) {
  const double step = time_.Seconds() - last_frame_;
  last_frame_ += step;
  if (const auto* hello = std::get_if<StageHello>(&message)) return HandleHello(*hello);
  const std::string* attempt = std::visit([](const auto& m) { return AttemptOf(m); }, message);
  if (!run_ || *attempt != run_->attempt) {
    spdlog::debug("stage process {} named attempt {}, which it does not run", pid(), *attempt);
    return;
  }
  if (const auto* progress = std::get_if<StageProgress>(&message)) {
    stall_->AddStep(step);
    events.push_back({*progress, {}});
  } else if (const auto* request = std::get_if<StoreRequest>(&message)) {
    events.push_back({*request, {}});
  } else if (const auto* done = std::get_if<StageDone>(&message)) {
    run_.reset();
    log_.End();
    events.push_back({*done, {}});
  } else {
    const auto& failed = std::get<StageFailed>(message);
    run_.reset();
    child_.reset();  // a device error may have left it unusable
    events.push_back({failed, log_.End()});
  }
}

void Supervisor::HandleHello(const StageHello& hello) {
  if (hello.catalogue_digest != options_.catalogue_digest) {
    Fail(ErrorKind::kCluster,
         "{} was built from another catalogue ({:.12}) than this program ({:.12}); rebuild both",
         options_.program.string(), hello.catalogue_digest, options_.catalogue_digest);
  }
  greeted_ = true;
  failed_starts_ = 0;
  signature_ = hello.signature;
  SendRunWhenReady();
}

void Supervisor::CheckProcess(std::vector<StageEvent>& events) {
  const auto ended = child_->Ended();
  if (!ended && !at_end_) return;
  if (ended && !at_end_) ReadFrames(events);  // its last frames may have come in between
  if (!child_) return;
  // An ending process closes its descriptors a moment before it can be waited for.
  if (!ended && time_.Seconds() - end_seen_ < kEndPatience) return;
  ProcessEnded(ended ? *ended : "closed its stream of frames", events);
}

void Supervisor::CheckSilence(std::vector<StageEvent>& events) {
  if (!greeted_) {
    if (time_.Seconds() - spawned_at_ > options_.start_limit)
      ProcessEnded("silence before its hello", events);
    return;
  }
  if (!run_ || !sent_) return;
  const double limit = limits_.stall > 0 ? limits_.stall : stall_->Seconds();
  const double now = time_.Seconds();
  std::string reason;
  if (now - last_frame_ > limit)
    reason = fmt::format("no sign of life for {:.1f} s (limit {:.1f} s)", now - last_frame_, limit);
  else if (limits_.time > 0 && now - sent_at_ > limits_.time)
    reason = fmt::format("not done after {:.1f} s (resources: {{time: {:g}s}})", now - sent_at_,
                         limits_.time);
  else
    return;
  child_->Kill();
  child_.reset();
  FailRun(Failure::kTimeout, reason + "; its process was killed", events);
}

void Supervisor::ProcessEnded(const std::string& how, std::vector<StageEvent>& events) {
  child_->Kill();
  child_.reset();
  if (!run_) return;
  // Another sender may have sent it the signal, too.
  const bool left = sent_ && how == fmt::format("exit {}", int{kExitInterrupted});
  if (draining_ || left) {
    return FailRun(Failure::kInterrupted, fmt::format("asked to leave, nothing to save ({})", how),
                   events);
  }
  if (sent_) return FailRun(CrashClass(how), fmt::format("stage process ended: {}", how), events);
  if (++failed_starts_ >= options_.max_starts) {
    const std::string tail = OneLine(TailOfFile(log_.path(), 5));
    Fail(ErrorKind::kCluster, "{} does not start ({} tries; the last ended with {}): {}",
         options_.program.string(), failed_starts_, how,
         tail.empty() ? "it printed nothing; run `zerosweep doctor`" : tail);
  }
  Spawn();
}

Failure Supervisor::CrashClass(const std::string& how) const {
  const bool killed = how.starts_with("signal 9");
  return killed && OomKills() > oom_kills_before_ ? Failure::kOutOfMemory : Failure::kCrash;
}

void Supervisor::FailRun(Failure failure, const std::string& message,
                         std::vector<StageEvent>& events) {
  StageFailed failed{run_->attempt, ErrorKind::kTrial, failure, message};
  run_.reset();
  events.push_back({std::move(failed), log_.End()});
}

void Supervisor::Drain() {
  if (!run_) return;
  draining_ = true;
  if (child_ && sent_) {
    kill(child_->pid(), SIGTERM);
    return;
  }
  child_.reset();
  FailRun(Failure::kInterrupted, "asked to leave before it began", pending_);
}

void Supervisor::Answer(const StoreAnswer& answer) {
  if (run_ && sent_ && child_ && run_->attempt == answer.attempt)
    WriteFrame(child_->write_fd(), ToJson(answer));
}

void Supervisor::Cancel() {
  if (!run_) return;
  child_.reset();
  run_.reset();
  log_.End();
}

}  // namespace zerosweep
