#include "storage/upkeep/requests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "tests/support/fake_clock.h"
#include "tests/support/sweep_rows.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {
namespace {

struct RequestsTest : testing::Test {
  const TempFolder folder;
  const Home home{folder / "home"};
  const FakeClock clock{};
};

TEST_F(RequestsTest, ARequestIsAnsweredOnce) {
  const std::string id = DropRequest(home, {{"command", "retry"}, {"stages", {"a"}}});
  const std::vector<Request> requests = PollRequests(home);
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].id, id);
  EXPECT_EQ(requests[0].body.at("command"), "retry");
  EXPECT_FALSE(WaitForReply(home, id, clock, 5));
  WriteReply(home, id, {{"ok", true}});
  EXPECT_TRUE(PollRequests(home).empty());
  EXPECT_EQ(WaitForReply(home, id, clock, 5), (Json{{"ok", true}}));
  EXPECT_TRUE(std::filesystem::is_empty(home.requests()));
}

TEST_F(RequestsTest, AnUnreadableRequestIsAnsweredWithItsError) {
  home.Create();
  WriteFileDurably(home.requests() / "bad.json", "{nonsense");
  WriteFileDurably(home.requests() / "half.json.tmp-1", "{");
  EXPECT_TRUE(PollRequests(home).empty());
  const std::optional<Json> reply = WaitForReply(home, "bad", clock, 1);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->at("ok"), false);
  EXPECT_THAT(reply->at("error").get<std::string>(), testing::HasSubstr("not valid JSON"));
}

TEST_F(RequestsTest, AWithdrawnRequestIsGone) {
  WithdrawRequest(home, DropRequest(home, Json::object()));
  EXPECT_TRUE(PollRequests(home).empty());
}

TEST_F(RequestsTest, ExecutesWithTheWriter) {
  HomeLock lock(home, clock);
  ResultsWriter writer(home, lock);
  SweepRows rows;
  AddCell(rows, {});
  writer.AddSweep("demo", "", Json::object(), rows.trials, rows.stages);
  EXPECT_EQ(ExecuteRequest(home, writer, {{"command", "cancel"}, {"trials", {rows.trials[0].id}}}),
            (Json{{"ok", true}, {"trials", 1}}));
  EXPECT_EQ(
      ExecuteRequest(home, writer,
                     {{"command", "retry"}, {"stages", {rows.NameOf(rows.trials[0], "evaluate")}}}),
      (Json{{"ok", true}, {"stages", 4}}));
  EXPECT_EQ(ExecuteRequest(home, writer, {{"command", "gc"}}).at("artifacts"), 0);
  EXPECT_EQ(ExecuteRequest(home, writer, {{"command", "dance"}}).at("ok"), false);
  EXPECT_EQ(ExecuteRequest(home, writer, {{"command", "retry"}}).at("ok"), false);
  EXPECT_EQ(ExecuteRequest(home, writer, {{"command", "retry"}, {"stages", {"x"}}}).at("ok"),
            false);
}

}  // namespace
}  // namespace zerosweep
