// c10d's store as questions and answers, behind which another store of c10d stands here.
#include "engine/parallel/frame_store.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <torch/csrc/distributed/c10d/HashStore.hpp>

#include "base/clock.h"
#include "base/error.h"
#include "contract/frames.h"
#include "engine/parallel/process_group.h"
#include "engine/stages/worker_connection.h"
#include "tests/support/engine/group_of_threads.h"

namespace zerosweep {
namespace {

using Bytes = std::vector<uint8_t>;

std::string Text(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

// As the coordinator answers (tests/cluster/coordinator/group_store_test.cc).
StoreAnswer Answer(c10d::Store& store, const StoreRequest& request, double patience) {
  StoreAnswer answer{request.attempt, request.id};
  switch (request.operation) {
    case StoreOperation::kSet:
      store.set(request.keys[0], request.value);
      break;
    case StoreOperation::kAdd:
      answer.number = store.add(request.keys[0], request.number);
      break;
    case StoreOperation::kCompareSet:
      answer.values = {store.compareSet(request.keys[0], request.expected, request.value)};
      break;
    case StoreOperation::kDelete:
      answer.number = store.deleteKey(request.keys[0]) ? 1 : 0;
      break;
    case StoreOperation::kCheck:
      answer.number = store.check(request.keys) ? 1 : 0;
      break;
    case StoreOperation::kCount:
      answer.number = store.getNumKeys();
      break;
    case StoreOperation::kWait:
      store.wait(request.keys, std::chrono::milliseconds(static_cast<int64_t>(patience * 1000)));
      for (const std::string& key : request.keys) answer.values.push_back(Text(store.get(key)));
      break;
  }
  return answer;
}

c10::intrusive_ptr<c10d::Store> StoreOver(const c10::intrusive_ptr<c10d::Store>& behind) {
  return MakeFrameStore([behind](const StoreRequest& request, double patience) {
    return Answer(*behind, request, patience);
  });
}

TEST(FrameStoreTest, EveryCallReachesTheStoreBehind) {
  const auto behind = c10::make_intrusive<c10d::HashStore>();
  const auto store = StoreOver(behind);
  const std::string bytes("\0\xffz", 3);
  store->set("k", bytes);
  EXPECT_EQ(behind->get_to_str("k"), bytes);
  EXPECT_EQ(store->clone()->get_to_str("k"), bytes);
  EXPECT_EQ(store->add("n", 3), 3);
  EXPECT_EQ(store->add("n", -1), 2);
  EXPECT_EQ(store->compareSet("k", bytes, "new"), "new");
  EXPECT_EQ(store->compareSet("k", "old", "newer"), "new");
  EXPECT_TRUE(store->check({"k", "n"}));
  EXPECT_FALSE(store->check({"k", "m"}));
  EXPECT_EQ(store->getNumKeys(), behind->getNumKeys());
  EXPECT_TRUE(store->deleteKey("k"));
  EXPECT_FALSE(store->deleteKey("k"));
  store->wait({"n"});
  EXPECT_THROW(store->wait({"never"}, std::chrono::milliseconds(50)), std::exception);
}

TEST(FrameStoreTest, RanksMeetInIt) {
  StopFlightRecorder();
  const auto behind = c10::make_intrusive<c10d::HashStore>();
  std::vector<std::thread> ranks;
  for (int rank = 0; rank < 3; ++rank) {
    ranks.emplace_back([&, rank] {
      const auto group = MakeGroup(StoreOver(behind), {rank, 3, torch::kCPU, "lo", 30});
      EXPECT_EQ(SumNumbers(*group, {1.0 + rank}), std::vector<double>{6});
    });
  }
  for (std::thread& rank : ranks) rank.join();
}

// A worker's ends of a line.
struct Ends {
  Ends() {
    if (pipe(to_stage) != 0 || pipe(from_stage) != 0) throw std::runtime_error("no pipes");
  }
  Json Heard() {
    const auto frame = ReadFrame(from_stage[0], buffer);
    return frame ? *frame : Json();
  }
  int to_stage[2], from_stage[2];
  FrameBuffer buffer;
};

TEST(FrameStoreTest, ALineKeepsRunsAndAnswersApart) {
  Ends worker;
  WorkerConnection line(worker.to_stage[0], worker.from_stage[1]);
  StoreRequest request{"a", 0, StoreOperation::kWait, {"k"}};
  std::thread stage([&] {
    const StoreAnswer answer = line.Ask(request, 30);
    EXPECT_EQ(answer.values, std::vector<std::string>{"v"});
    EXPECT_EQ(line.NextRun()->attempt, "next");
  });
  const StoreRequest asked = worker.Heard().get<StoreRequest>();
  EXPECT_EQ(asked.keys, request.keys);
  const StoreRequest again = worker.Heard().get<StoreRequest>();  // a sign of life
  EXPECT_EQ(again.id, asked.id);
  StageRun run;
  run.attempt = "next";
  WriteFrame(worker.to_stage[1], ToJson(run));
  WriteFrame(worker.to_stage[1], ToJson(StoreAnswer{"a", asked.id + 1, {"for nobody"}, 0}));
  WriteFrame(worker.to_stage[1], ToJson(StoreAnswer{"a", asked.id, {"v"}, 0}));
  stage.join();
  std::thread idle([&] { EXPECT_FALSE(line.NextRun()); });
  SystemClock().Sleep(0.1);  // an end while a stage works would be the end of the process
  close(worker.to_stage[1]);
  idle.join();
}

TEST(FrameStoreTest, NoAnswerIsALostWorker) {
  Ends worker;
  WorkerConnection line(worker.to_stage[0], worker.from_stage[1]);
  try {
    line.Ask({"a", 0, StoreOperation::kCount, {}}, 0.1);
    FAIL() << "an answer came";
  } catch (const Error& error) {
    EXPECT_EQ(error.failure(), Failure::kLostWorker);
  }
}

}  // namespace
}  // namespace zerosweep
