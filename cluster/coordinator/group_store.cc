#include "cluster/coordinator/group_store.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"

namespace zerosweep {
namespace {

const std::string& OnlyKey(const StoreRequest& request) {
  if (request.keys.size() != 1)
    Fail(ErrorKind::kCluster, "a stage sent its store a one-key request with {} keys",
         request.keys.size());
  return request.keys.front();
}

}  // namespace

bool GroupStore::HasAll(const std::vector<std::string>& keys) const {
  return std::ranges::all_of(keys, [&](const std::string& key) { return values_.contains(key); });
}

StoreAnswer GroupStore::ValuesOf(const StoreRequest& request) const {
  StoreAnswer answer{request.attempt, request.id, {}, 0};
  for (const std::string& key : request.keys) answer.values.push_back(values_.at(key));
  return answer;
}

int64_t GroupStore::Add(const StoreRequest& request) {
  std::string& value = values_[OnlyKey(request)];
  int64_t number = 0;
  const char* end = value.data() + value.size();
  if (!value.empty() && std::from_chars(value.data(), end, number).ptr != end)
    Fail(ErrorKind::kCluster, "a stage adds to '{}' in its store, which is not a number",
         request.keys.front());
  value = std::to_string(number + request.number);
  return number + request.number;
}

// As c10d's stores do: an absent value equals an empty one; on a mismatch an absent value is
// answered with the expected value.
void GroupStore::CompareSet(const StoreRequest& request, StoreAnswer& answer) {
  const auto found = values_.find(OnlyKey(request));
  const std::string there = found == values_.end() ? "" : found->second;
  if (there == request.expected) {
    values_[request.keys.front()] = request.value;
    answer.values = {request.value};
  } else {
    answer.values = {found == values_.end() ? request.expected : there};
  }
}

std::vector<GroupStore::Reply> GroupStore::Handle(int rank, const StoreRequest& request) {
  StoreAnswer answer{request.attempt, request.id, {}, 0};
  switch (request.operation) {
    case StoreOperation::kSet:
      values_[OnlyKey(request)] = request.value;
      break;
    case StoreOperation::kAdd:
      answer.number = Add(request);
      break;
    case StoreOperation::kCompareSet:
      CompareSet(request, answer);
      break;
    case StoreOperation::kDelete:
      answer.number = static_cast<int64_t>(values_.erase(OnlyKey(request)));
      break;
    case StoreOperation::kCheck:
      answer.number = HasAll(request.keys) ? 1 : 0;
      break;
    case StoreOperation::kCount:
      answer.number = static_cast<int64_t>(values_.size());
      break;
    case StoreOperation::kWait:
      if (!HasAll(request.keys)) {
        waiting_[{rank, request.id}] = request;
        return {};
      }
      answer = ValuesOf(request);
      break;
  }
  std::vector<Reply> replies = {{rank, std::move(answer)}};
  for (auto waiting = waiting_.begin(); waiting != waiting_.end();) {
    if (!HasAll(waiting->second.keys)) {
      ++waiting;
      continue;
    }
    replies.push_back({waiting->first.first, ValuesOf(waiting->second)});
    waiting = waiting_.erase(waiting);
  }
  return replies;
}

}  // namespace zerosweep
