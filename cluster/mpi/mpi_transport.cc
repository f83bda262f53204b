// The transport over MPI: point to point only, nothing collective after the start. One source
// serves Open MPI 4.1 and 5.0 (ULFM): functions that only 5.0 has are weak symbols.
#include <mpi.h>

#include <deque>
#include <list>
#include <memory>
#include <set>
#include <string>

#include "base/error.h"
#include "cluster/transport/transport.h"

extern "C" {
int MPIX_Comm_failure_ack(MPI_Comm comm) __attribute__((weak));
int MPIX_Comm_failure_get_acked(MPI_Comm comm, MPI_Group* group) __attribute__((weak));
}

namespace zerosweep {
namespace {

constexpr int kTag = 1;
constexpr double kLastSendSeconds = 2;

// Turns MPI error codes into kCluster errors.
void Check(int code, const char* call) {
  if (code == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING] = {};
  int length = 0;
  MPI_Error_string(code, text, &length);
  Fail(ErrorKind::kCluster, "{}: {} (code {})", call, text, code);
}

class MpiTransport final : public Transport {
 public:
  MpiTransport() {
    int initialized = 0;
    MPI_Initialized(&initialized);
    if (initialized == 0) Check(MPI_Init(nullptr, nullptr), "MPI_Init");
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN);
    Check(MPI_Comm_rank(MPI_COMM_WORLD, &rank_), "MPI_Comm_rank");
    Check(MPI_Comm_size(MPI_COMM_WORLD, &size_), "MPI_Comm_size");
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }

  void Send(int to, const Json& message) override {
    if (to == rank_) return to_self_.push_back(message);
    if (dead_.contains(to)) return;
    Outgoing& outgoing = outgoing_.emplace_back();
    outgoing.to = to;
    outgoing.bytes = message.dump(-1, ' ', false, Json::error_handler_t::replace);
    const int code = MPI_Isend(outgoing.bytes.data(), static_cast<int>(outgoing.bytes.size()),
                               MPI_BYTE, to, kTag, MPI_COMM_WORLD, &outgoing.request);
    // A send to a dead rank may fail here, later or never; NoteFailures finds out who is dead.
    if (code != MPI_SUCCESS) {
      outgoing_.pop_back();
      NoteFailures();
    }
  }

  std::optional<Envelope> Poll() override {
    if (!to_self_.empty()) {
      Envelope envelope{rank_, std::move(to_self_.front())};
      to_self_.pop_front();
      return envelope;
    }
    DropSent();
    int arrived = 0;
    MPI_Status status;
    const int code = MPI_Iprobe(MPI_ANY_SOURCE, kTag, MPI_COMM_WORLD, &arrived, &status);
    // Under ULFM the error about a dead peer may come together with the flag of a waiting message.
    if (code != MPI_SUCCESS && !NoteFailures()) Check(code, "MPI_Iprobe");
    if (arrived == 0) return std::nullopt;
    return Receive(status);
  }

  std::vector<int> LostRanks() override { return std::exchange(newly_dead_, {}); }

  void Finish() override {
    // A message that a rank has not received by then, it never will: without ULFM its death is not
    // reported.
    const double start = MPI_Wtime();
    while (!outgoing_.empty() && MPI_Wtime() - start < kLastSendSeconds) DropSent();
    MPI_Finalize();
  }

 private:
  struct Outgoing {
    int to = 0;
    std::string bytes;
    MPI_Request request = MPI_REQUEST_NULL;
  };

  std::optional<Envelope> Receive(const MPI_Status& probed) {
    int size = 0;
    Check(MPI_Get_count(&probed, MPI_BYTE, &size), "MPI_Get_count");
    std::string bytes(static_cast<size_t>(size), '\0');
    const int code = MPI_Recv(bytes.data(), size, MPI_BYTE, probed.MPI_SOURCE, kTag, MPI_COMM_WORLD,
                              MPI_STATUS_IGNORE);
    if (code != MPI_SUCCESS) {
      if (NoteFailures()) return std::nullopt;
      Check(code, "MPI_Recv");
    }
    Json message = Json::parse(bytes, nullptr, /*allow_exceptions=*/false);
    if (message.is_discarded())
      Fail(ErrorKind::kCluster, "rank {} sent {} bytes that are not JSON", probed.MPI_SOURCE, size);
    return Envelope{probed.MPI_SOURCE, std::move(message)};
  }

  // Acknowledges and notes failed processes. Returns whether any is known; without ULFM always
  // false.
  bool NoteFailures() {
    if (MPIX_Comm_failure_ack == nullptr || MPIX_Comm_failure_get_acked == nullptr) return false;
    MPIX_Comm_failure_ack(MPI_COMM_WORLD);
    MPI_Group failed = MPI_GROUP_NULL;
    if (MPIX_Comm_failure_get_acked(MPI_COMM_WORLD, &failed) != MPI_SUCCESS) return false;
    MPI_Group world = MPI_GROUP_NULL;
    MPI_Comm_group(MPI_COMM_WORLD, &world);
    int count = 0;
    MPI_Group_size(failed, &count);
    for (int i = 0; i < count; ++i) {
      int rank = MPI_UNDEFINED;
      MPI_Group_translate_ranks(failed, 1, &i, world, &rank);
      if (rank != MPI_UNDEFINED && dead_.insert(rank).second) newly_dead_.push_back(rank);
    }
    MPI_Group_free(&failed);
    MPI_Group_free(&world);
    return count > 0;
  }

  void DropSent() {
    for (auto outgoing = outgoing_.begin(); outgoing != outgoing_.end();) {
      int sent = 0;
      const int code = MPI_Test(&outgoing->request, &sent, MPI_STATUS_IGNORE);
      if (code != MPI_SUCCESS) NoteFailures();
      outgoing = sent != 0 || code != MPI_SUCCESS ? outgoing_.erase(outgoing) : std::next(outgoing);
    }
  }

  int rank_ = 0;
  int size_ = 1;
  std::deque<Json> to_self_;
  std::list<Outgoing> outgoing_;  // a list: addresses must stay while MPI reads them
  std::set<int> dead_;
  std::vector<int> newly_dead_;
};

}  // namespace
}  // namespace zerosweep

extern "C" zerosweep::Transport* zerosweep_make_mpi_transport() {
  return std::make_unique<zerosweep::MpiTransport>().release();
}
