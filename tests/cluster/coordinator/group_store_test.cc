#include "cluster/coordinator/group_store.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace zerosweep {
namespace {

using Operation = StoreOperation;

class GroupStoreTest : public testing::Test {
 protected:
  std::vector<GroupStore::Reply> Ask(int rank, StoreRequest request) {
    request.attempt = "a";
    request.id = ++last_id_;
    return store_.Handle(rank, request);
  }
  // The one answer there is.
  StoreAnswer Answer(int rank, const StoreRequest& request) {
    const auto replies = Ask(rank, request);
    if (replies.size() != 1 || replies[0].rank != rank) throw std::runtime_error("not one answer");
    EXPECT_EQ(replies[0].answer.id, last_id_);
    EXPECT_EQ(replies[0].answer.attempt, "a");
    return replies[0].answer;
  }
  static StoreRequest Set(const std::string& key, const std::string& value) {
    return {.operation = Operation::kSet, .keys = {key}, .value = value};
  }
  static StoreRequest Wait(const std::vector<std::string>& keys) {
    return {.operation = Operation::kWait, .keys = keys};
  }

  GroupStore store_;
  int64_t last_id_ = 0;
};

TEST_F(GroupStoreTest, WhatIsSetIsThereForAll) {
  Answer(0, Set("k", std::string("\0\xff", 2)));
  EXPECT_EQ(Answer(1, Wait({"k"})).values, (std::vector<std::string>{std::string("\0\xff", 2)}));
  EXPECT_EQ(Answer(1, {.operation = Operation::kCheck, .keys = {"k"}}).number, 1);
  EXPECT_EQ(Answer(1, {.operation = Operation::kCheck, .keys = {"k", "l"}}).number, 0);
  EXPECT_EQ(Answer(1, {.operation = Operation::kCount}).number, 1);
  EXPECT_EQ(Answer(0, {.operation = Operation::kDelete, .keys = {"k"}}).number, 1);
  EXPECT_EQ(Answer(0, {.operation = Operation::kDelete, .keys = {"k"}}).number, 0);
  EXPECT_EQ(Answer(1, {.operation = Operation::kCount}).number, 0);
}

TEST_F(GroupStoreTest, WhoWaitsIsAnsweredWhenTheLastKeyComes) {
  EXPECT_TRUE(Ask(1, Wait({"a", "b"})).empty());
  EXPECT_TRUE(Ask(2, Wait({"a"})).empty());
  auto replies = Ask(0, Set("a", "1"));
  ASSERT_EQ(replies.size(), 2u);
  EXPECT_EQ(replies[1].rank, 2);
  EXPECT_EQ(replies[1].answer.id, 2);
  replies = Ask(0, Set("b", "2"));
  ASSERT_EQ(replies.size(), 2u);
  EXPECT_EQ(replies[1].rank, 1);
  EXPECT_EQ(replies[1].answer.values, (std::vector<std::string>{"1", "2"}));
  EXPECT_EQ(Ask(0, Set("c", "")).size(), 1u);
}

TEST_F(GroupStoreTest, AWaitThatIsAskedAgainIsAnsweredOnce) {
  StoreRequest wait = Wait({"a"});
  wait.id = 7;
  EXPECT_TRUE(store_.Handle(1, wait).empty());
  EXPECT_TRUE(store_.Handle(1, wait).empty());
  EXPECT_EQ(Ask(0, Set("a", "1")).size(), 2u);
}

TEST_F(GroupStoreTest, AddsAndCompares) {
  const StoreRequest add{.operation = Operation::kAdd, .keys = {"n"}, .number = 2};
  EXPECT_EQ(Answer(0, add).number, 2);
  EXPECT_EQ(Answer(1, add).number, 4);
  EXPECT_EQ(Answer(1, Wait({"n"})).values.at(0), "4");
  const auto swap = [&](const std::string& key, const std::string& from, const std::string& to) {
    return Answer(
               0,
               {.operation = Operation::kCompareSet, .keys = {key}, .value = to, .expected = from})
        .values.at(0);
  };
  EXPECT_EQ(swap("n", "3", "x"), "4");
  EXPECT_EQ(swap("n", "4", "x"), "x");
  EXPECT_EQ(swap("new", "old", "x"), "old");  // as c10d has it
  EXPECT_EQ(swap("new", "", "x"), "x");
  EXPECT_EQ(Answer(1, Wait({"new"})).values.at(0), "x");
}

TEST_F(GroupStoreTest, NonsenseIsRefused) {
  Answer(0, Set("word", "two"));
  for (const StoreRequest& request :
       {StoreRequest{.operation = Operation::kAdd, .keys = {"word"}, .number = 1},
        StoreRequest{.operation = Operation::kSet, .keys = {}},
        StoreRequest{.operation = Operation::kDelete, .keys = {"a", "b"}}}) {
    try {
      Ask(0, request);
      FAIL() << "no error";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kCluster);
    }
  }
}

}  // namespace
}  // namespace zerosweep
