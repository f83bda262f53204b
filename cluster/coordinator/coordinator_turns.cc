// The coordinator's turns: storage events, requests, assignment, display.
#include "base/files.h"
#include "base/text.h"
#include "cluster/coordinator/coordinator.h"
#include "cluster/coordinator/live_view.h"

namespace zerosweep {
namespace {
constexpr double kTellPeriod = 1;  // seconds
}  // namespace

bool Coordinator::HandleStorage() {
  const std::vector<StorageEvent> events = storage_.Poll();
  for (const StorageEvent& event : events)
    std::visit([&](const auto& happened) { On(happened); }, event);
  return !events.empty();
}

void Coordinator::On(const PublishFailed& failed) {
  active_.at(failed.attempt).failed = {failed.attempt, ErrorKind::kStorage, Failure::kPublish,
                                       failed.message};
  FailAttempt(failed.attempt);
}

void Coordinator::On(const StagesReopened& reopened) {
  const std::set<std::string> names(reopened.stages.begin(), reopened.stages.end());
  for (size_t i = 0; i < plan_.stages.size(); ++i)
    if (names.contains(plan_.stages[i].name)) scheduler_.Reopen(i);
}

void Coordinator::On(const StageCommitted& committed) {
  const auto found = active_.find(committed.attempt);
  if (found == active_.end()) return;
  const ActiveAttempt active = std::move(found->second);
  active_.erase(found);
  scheduler_.Committed(active.stage, committed.artifact);
  ++stages_run_;
  eta_.Finished(active.stage, active.seconds);
  const double peak = active.done ? active.done->peak_bytes : 0;
  display_.Line(fmt::format("done    {}  {}{}", view_.label(active.stage),
                            HumanSeconds(active.seconds), peak > 0 ? ", " + HumanBytes(peak) : ""));
}

void Coordinator::On(const Request& request) {
  const Json trials = request.body.value("trials", Json::array());
  if (request.body.value("command", "") == "cancel" && trials.is_array()) {
    std::vector<std::string> ids;
    for (const Json& trial : trials)
      if (trial.is_string()) ids.push_back(trial);
    for (const size_t stage : view_.StagesOnlyOf(ids)) CancelStage(stage);
  }
  std::vector<std::string> ended;
  for (size_t i = 0; i < scheduler_.size(); ++i) {
    const Scheduler::Phase phase = scheduler_.phase(i);
    if (phase == Scheduler::Phase::kFailed || phase == Scheduler::Phase::kCancelled)
      ended.push_back(plan_.stages[i].name);
  }
  storage_.Execute(request, ended);
}

void Coordinator::CancelStage(size_t stage) {
  scheduler_.Cancel(stage);
  for (auto& [id, active] : active_) {
    if (active.stage != stage || active.committing || active.cancelled) continue;
    active.cancelled = true;
    active.failed = {id, ErrorKind::kTrial, Failure::kCancelled, "cancelled by request"};
    active.revoke_at = clock_.Monotonic();
  }
  SettleAll();
}

bool Coordinator::AssignReady() {
  bool assigned = false;
  while (const auto start = scheduler_.TakeNext(clock_.Monotonic(), placement_)) {
    Launch(*start);
    assigned = true;
  }
  if (active_.empty()) CheckPlaceable();
  return assigned;
}

// Checks once every rank has joined or is gone.
void Coordinator::CheckPlaceable() {
  if (workers_.size() + gone_.size() < static_cast<size_t>(transport_.size())) return;
  while (const auto stage = scheduler_.FindUnplaceable(placement_)) {
    if (!gone_.empty()) return WaitForMoreRanks();
    const ResourceRequest& needs = scheduler_.needs(*stage);
    const int room = placement_.Capacity(needs);
    if (room == 0) {
      Fail(ErrorKind::kUsage,
           "{} asks for {} (resources:), and no node here has that: ask for less, or bring larger "
           "nodes",
           view_.label(*stage), ToString(needs));
    }
    Refuse(*stage,
           fmt::format("it takes {} ranks, but this run has room for {}: start with {}, and "
                       "bring it back with `zerosweep retry`",
                       needs.ranks, room,
                       workers_.size() == 1 ? fmt::format("-n {}", needs.ranks)
                                            : "more slots (-n) or nodes"));
  }
}

// A stage that lost its room with a rank may find room again in the next run.
void Coordinator::WaitForMoreRanks() {
  if (scheduler_.NextWake() < std::numeric_limits<double>::infinity()) return;
  display_.Line(
      "the remaining stages need more than the remaining ranks have; they wait for the next run");
  Drain();
}

void Coordinator::Refuse(size_t stage, const std::string& why) {
  const StageRow& row = plan_.stages[stage];
  const std::string id = NewUuid();
  ActiveAttempt active;
  active.stage = stage;
  active.started = clock_.Monotonic();
  active.failed = {id, ErrorKind::kUsage, Failure::kConfiguration, why};
  storage_.Start({id, row.name, "nowhere", "", row.design->threads});
  scheduler_.Refuse(stage, why);
  ++attempts_failed_;
  RecordEnd(id, active, /*final=*/true);
  Problem(fmt::format("failed  {}: configuration: {}", view_.label(stage), why));
}

Assign Coordinator::MakeAssign(size_t stage) const {
  const StageRow& row = plan_.stages[stage];
  Assign assign;
  assign.stall_limit = options_.stall_limit;
  assign.time_limit = row.design->needs.time;
  assign.run.attempt = NewUuid();
  assign.run.stage = SpecOf(row, plan_.stages);
  for (size_t i = 0; i < row.inputs.size(); ++i)
    assign.run.inputs[row.design->roles[i]] =
        options_.home.artifact(scheduler_.artifact(row.inputs[i])).string();
  assign.run.files = row.design->files;
  assign.run.staging = options_.home.staging(assign.run.attempt).string();
  assign.run.checkpoints = options_.home.checkpoints(row.name).string();
  assign.run.checkpoint_period = options_.checkpoint_period;
  assign.run.threads = row.design->threads;
  return assign;
}

void Coordinator::Launch(const Scheduler::Start& start) {
  const WorkerState& first = workers_.at(start.seats.front().node);
  const int others = static_cast<int>(start.seats.size()) - 1;
  Assign assign = MakeAssign(start.stage);
  const std::string& id = assign.run.attempt;
  ActiveAttempt active;
  active.stage = start.stage;
  active.place = fmt::format("{}/slot {}", first.node, start.seats.front().slots.front());
  if (others > 0) active.place += fmt::format(" and {} more", others);
  active.number = scheduler_.AttemptNumber(start.stage);
  active.started = clock_.Monotonic();
  for (const SlotAllocation& seat : start.seats) {
    active.members.push_back({seat.node, seat});
    // Ranks on one machine need no network of other nodes.
    if (workers_.at(seat.node).node != first.node) assign.run.interface = options_.interface;
  }
  assign.run.ranks = others + 1;
  storage_.Start({id, plan_.stages[start.stage].name, active.place,
                  first.devices.at(static_cast<size_t>(start.seats.front().slots.front())),
                  assign.run.threads});
  active_[id] = std::move(active);
  for (const SlotAllocation& seat : start.seats) {
    assign.slot = seat.slots.front();
    assign.run.device = workers_.at(seat.node).devices.at(static_cast<size_t>(assign.slot));
    Send(seat.node, assign);
    ++assign.run.rank;
  }
}

void Coordinator::Show() {
  const bool watched = !options_.run.empty() && clock_.Monotonic() - last_told_ >= kTellPeriod;
  if (!watched && !display_.Due()) return;
  const RunSnapshot snapshot = Snapshot();
  display_.Update(snapshot);
  if (watched) PublishStatus(snapshot);
}

RunSnapshot Coordinator::Snapshot() const {
  const TrialCounts trials = view_.CountTrials();
  RunSnapshot snapshot;
  snapshot.trials = static_cast<int>(plan_.trials.size());
  snapshot.trials_done = trials.done;
  snapshot.trials_failed = trials.failed;
  snapshot.stages = stages_to_run_;
  snapshot.stages_done = stages_run_;
  const double now = clock_.Monotonic();
  size_t slots = 0;
  for (const auto& [rank, worker] : workers_) slots += worker.devices.size();
  std::vector<RunningStage> running;
  for (const auto& [id, active] : active_) {
    if (active.committing) continue;
    const StageProgress& p = active.progress;
    const ActiveStage stage = {
        .label = view_.label(active.stage),
        .done = p.done,
        .total = p.total,
        .unit = p.unit,
        .note = p.note,
        .seconds = now - active.started,
        .counted_from = active.counted_from,
        .counted_since = active.counted_since.value_or(now) - active.started};
    snapshot.running.push_back(stage);
    const auto left = stage.SecondsLeft();
    running.push_back(
        {active.stage, stage.seconds, left ? stage.seconds / (stage.seconds + *left) : 0});
  }
  snapshot.eta_seconds = eta_.Seconds(running, slots);
  return snapshot;
}

void Coordinator::PublishStatus(const RunSnapshot& snapshot) {
  last_told_ = clock_.Monotonic();
  LiveView view{snapshot};
  view.sweep = plan_.sweep;
  view.run = options_.run;
  view.written = clock_.Unix();
  view.seconds = last_told_ - started_;
  std::map<int, LiveNode> nodes;
  for (const auto& [rank, worker] : workers_)
    nodes[rank] = {worker.node, static_cast<int>(worker.devices.size()), 0};
  auto shown = view.running.begin();
  for (const auto& [id, attempt] : active_) {
    for (const auto& [worker, seat, alive] : attempt.members)
      if (nodes.contains(worker)) nodes[worker].busy += static_cast<int>(seat.slots.size());
    if (attempt.committing) continue;
    shown->place = attempt.place;
    ++shown;
  }
  for (const auto& [rank, node] : nodes) view.nodes.push_back(node);
  view.problems.assign(problems_.begin(), problems_.end());
  storage_.Tell(LiveFile(options_.home, options_.run), ToJson(view).dump());
}

}  // namespace zerosweep
