#include "storage/home/home_lock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "base/log.h"
#include "storage/home/file_system.h"

namespace zerosweep {
namespace fs = std::filesystem;
namespace {

constexpr double kLook = 1;  // seconds between two looks at another owner's counter

std::string FirstLine(const fs::path& path) {
  std::ifstream stream(path);
  std::string line;
  std::getline(stream, line);
  return line;
}

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

// Field 22 of /proc/<pid>/stat, in clock ticks since boot; empty when there is no such process or
// it is a zombie. A pid and its start time identify a process for good.
std::string StartTime(pid_t pid) {
  const std::string line = FirstLine(fmt::format("/proc/{}/stat", pid));
  const size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return "";
  std::vector<std::string> fields;  // from field 3 (state) on
  for (size_t at = name_end + 2; at < line.size();) {
    const size_t end = std::min(line.find(' ', at), line.size());
    fields.push_back(line.substr(at, end - at));
    at = end + 1;
  }
  if (fields.size() < 20 || fields[0] == "Z" || fields[0] == "X") return "";
  return fields[19];
}

struct Owner {
  std::string home, host, boot_id, pid_namespace, start_time, slurm_job, slurm_cluster, nonce;
  pid_t pid = 0;
  int64_t counter = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Owner, home, host, boot_id, pid_namespace,
                                                start_time, slurm_job, slurm_cluster, nonce, pid,
                                                counter)

Owner ThisProcess(const Home& home) {
  Owner owner;
  std::error_code code;
  owner.home = fs::weakly_canonical(fs::absolute(home.folder), code).string();
  char host[256] = {};
  gethostname(host, sizeof host - 1);
  owner.host = host;
  owner.boot_id = FirstLine("/proc/sys/kernel/random/boot_id");
  owner.pid_namespace = fs::read_symlink("/proc/self/ns/pid", code).string();
  owner.pid = getpid();
  owner.start_time = StartTime(owner.pid);
  owner.slurm_job = Variable("SLURM_JOB_ID");
  owner.slurm_cluster = Variable("SLURM_CLUSTER_NAME");
  owner.nonce = NewUuid();
  return owner;
}

// The length is constant for one owner, so that a heartbeat overwrites the file in place.
std::string Text(const Owner& owner) {
  Json fields = owner;
  fields.erase("counter");
  std::string text = fields.dump(-1, ' ', false, Json::error_handler_t::replace);
  text.pop_back();
  return text + fmt::format(",\"counter\":{:12}}}\n", owner.counter);
}

// Returns nullopt when there is no lock, and an empty owner for a file that is not a valid lock.
std::optional<Owner> ReadOwner(const fs::path& path) {
  std::string text;
  try {
    text = ReadFile(path);
  } catch (const Error&) {
    std::error_code code;
    if (!fs::exists(fs::symlink_status(path, code))) return std::nullopt;
    throw;
  }
  const Json json = Json::parse(text, nullptr, false);
  return json.is_object() ? json.get<Owner>() : Owner();
}

// Whether the process certainly does not have this very file open, as the owner of a lock has.
bool CertainlyHasNot(pid_t pid, const fs::path& path) {
  struct stat wanted {
  }, found{};
  if (stat(path.c_str(), &wanted) != 0) return false;
  std::error_code code;
  bool readable = false;
  for (const auto& entry : fs::directory_iterator(fmt::format("/proc/{}/fd", pid), code)) {
    if (stat(entry.path().c_str(), &found) != 0) continue;
    readable = true;
    if (found.st_ino == wanted.st_ino && found.st_dev == wanted.st_dev) return false;
  }
  return readable && !code;
}

// Whether the owner's process is certainly gone, or holds another home of which this is a copy. A
// process on another host or in another container of this one cannot be judged. A reboot proves
// that the process is gone only where no second machine of the same name can see the file.
bool IsGone(const Owner& owner, const Owner& self, const fs::path& path, bool network) {
  if (owner.nonce.empty() || owner.host != self.host) return false;
  if (owner.boot_id != self.boot_id) return !network;
  if (owner.pid_namespace != self.pid_namespace) return false;
  if (StartTime(owner.pid) != owner.start_time) return true;
  return owner.home != self.home && CertainlyHasNot(owner.pid, path);
}

HomeLock::JobProbe& Probe() {
  static HomeLock::JobProbe probe;
  return probe;
}

// Slurm is not asked where the process itself can be seen, nor about our own job: the queue does
// not say which start of the job a lock is from.
bool JobIsGone(const Owner& owner, const Owner& self) {
  const bool visible = owner.host == self.host && owner.boot_id == self.boot_id &&
                       owner.pid_namespace == self.pid_namespace;
  return !visible && !owner.slurm_job.empty() && owner.slurm_job != self.slurm_job && Probe() &&
         Probe()(owner.slurm_job, owner.slurm_cluster);
}

std::string Describe(const Owner& owner) {
  if (owner.nonce.empty()) return "a process whose lock file cannot be read";
  return fmt::format("pid {} on {}{}", owner.pid, owner.host,
                     owner.slurm_job.empty() ? "" : " (Slurm job " + owner.slurm_job + ")");
}

// Advice for a home that was copied, with its lock, while in use.
std::string IfCopied(const Owner& owner, const Owner& self, const fs::path& path) {
  if (owner.home.empty() || owner.home == self.home) return "";
  return fmt::format("; its lock was made for {}: if this home is a copy of that one, remove {}",
                     owner.home, path.string());
}

// Watches the counter for `seconds` of our own clock.
bool StandsStill(const fs::path& path, const Owner& owner, double seconds, const Clock& clock) {
  const double start = clock.Monotonic();
  while (clock.Monotonic() - start < seconds) {
    clock.Sleep(std::min(kLook, seconds));
    const std::optional<Owner> now = ReadOwner(path);
    if (!now || now->nonce != owner.nonce || now->counter != owner.counter) return false;
  }
  return true;
}

// Moves the stale lock aside. Two observers may judge the same lock: one that moved a lock other
// than the judged one gives it back.
void RemoveStale(const fs::path& path, const Owner& judged) {
  const fs::path aside = path.string() + ".stale-" + NewUuid();
  if (rename(path.c_str(), aside.c_str()) != 0) return;
  const std::optional<Owner> moved = ReadOwner(aside);
  const bool right = moved && moved->nonce == judged.nonce;
  if (!right && link(aside.c_str(), path.c_str()) != 0) {
    spdlog::warn("a live lock of {} was displaced; its owner will stop", path.string());
  }
  unlink(aside.c_str());
}

}  // namespace

struct HomeLock::State {
  fs::path path;
  const Clock* clock = nullptr;
  LockLimits limits;
  Owner self;
  int fd = -1;  // our file, whatever `path` names now
  double last_beat = 0;

  // Returns false when the name is taken. link() is atomic on every file system, NFS included.
  bool TryLink() {
    const fs::path own = path.string() + ".tmp-" + self.nonce;
    WriteFileDurably(own, Text(self));
    // Opened before others can see the lock: its owner is the process that has it open.
    fd = open(own.c_str(), O_RDWR | O_CLOEXEC);
    const bool linked = link(own.c_str(), path.c_str()) == 0;
    const int error = errno;
    if (!linked) CloseFile();
    unlink(own.c_str());
    if (!linked && error != EEXIST) {
      Fail(ErrorKind::kStorage, "cannot make the lock {}: {}; choose another --home", path.string(),
           std::strerror(error));
    }
    return linked;
  }

  void CloseFile() {
    if (fd >= 0) close(fd);
    fd = -1;
  }

  bool IsOurs() const {
    struct stat ours {
    }, there{};
    return fd >= 0 && fstat(fd, &ours) == 0 && stat(path.c_str(), &there) == 0 &&
           ours.st_ino == there.st_ino && ours.st_dev == there.st_dev;
  }
};

HomeLock::HomeLock(const Home& home, const Clock& clock, bool break_lock, LockLimits limits)
    : state_(std::make_unique<State>()) {
  home.Create();
  state_->path = home.lock();
  state_->clock = &clock;
  state_->limits = limits;
  state_->self = ThisProcess(home);
  state_->last_beat = clock.Monotonic();
  const bool network = IsNetworkFileSystem(home.folder);
  while (!state_->TryLink()) {
    const std::optional<Owner> owner = ReadOwner(state_->path);
    if (!owner) continue;  // released in the meantime
    const bool same_job = !owner->slurm_job.empty() && owner->slurm_job == state_->self.slurm_job;
    bool stale =
        IsGone(*owner, state_->self, state_->path, network) || JobIsGone(*owner, state_->self);
    if (!stale && (break_lock || same_job)) {
      spdlog::info("watching the lock of {} for {:.0f} s", Describe(*owner), limits.still);
      stale = StandsStill(state_->path, *owner, limits.still, clock);
    }
    if (!stale) {
      Fail(ErrorKind::kStorage,
           "home {} is in use by {}: wait for it or choose another --home; if it is certainly "
           "dead, --break-lock takes over after a minute of silence{}",
           home.folder.string(), Describe(*owner), IfCopied(*owner, state_->self, state_->path));
    }
    RemoveStale(state_->path, *owner);
  }
}

HomeLock::~HomeLock() {
  // A forked child that exits must not release its parent's lock.
  if (state_->self.pid == getpid() && state_->IsOurs()) unlink(state_->path.c_str());
  state_->CloseFile();
}

void HomeLock::Heartbeat() {
  const double now = state_->clock->Monotonic();
  if (now - state_->last_beat < state_->limits.beat) return;
  if (!state_->IsOurs()) {
    Fail(ErrorKind::kStorage,
         "the lock {} is no longer ours: another process took the home over; this one stops",
         state_->path.string());
  }
  ++state_->self.counter;
  const std::string text = Text(state_->self);
  if (pwrite(state_->fd, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()) ||
      fdatasync(state_->fd) != 0) {
    Fail(ErrorKind::kStorage, "cannot renew the lock {}: {}", state_->path.string(),
         std::strerror(errno));
  }
  state_->last_beat = now;
}

const std::string& HomeLock::nonce() const { return state_->self.nonce; }

void HomeLock::AskAboutJobs(JobProbe probe) { Probe() = std::move(probe); }

bool HomeLock::IsHeld(const Home& home) {
  const std::optional<Owner> owner = ReadOwner(home.lock());
  if (!owner) return false;
  const Owner self = ThisProcess(home);
  return !IsGone(*owner, self, home.lock(), IsNetworkFileSystem(home.folder)) &&
         !JobIsGone(*owner, self);
}

}  // namespace zerosweep
