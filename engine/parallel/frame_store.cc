#include "engine/parallel/frame_store.h"

namespace zerosweep {
namespace {

using Bytes = std::vector<uint8_t>;
using std::chrono::milliseconds;

std::string Text(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }
Bytes BytesOf(const std::string& text) { return {text.begin(), text.end()}; }

class FrameStore final : public c10d::Store {
 public:
  explicit FrameStore(AskStore ask) : ask_(std::move(ask)) {}

  c10::intrusive_ptr<Store> clone() override { return c10::make_intrusive<FrameStore>(*this); }

  using Store::compareSet;
  using Store::set;

  void set(const std::string& key, const Bytes& value) override {
    Ask({.operation = StoreOperation::kSet, .keys = {key}, .value = Text(value)});
  }
  Bytes compareSet(const std::string& key, const Bytes& expected, const Bytes& desired) override {
    return BytesOf(Ask({.operation = StoreOperation::kCompareSet,
                        .keys = {key},
                        .value = Text(desired),
                        .expected = Text(expected)})
                       .values.at(0));
  }
  Bytes get(const std::string& key) override { return BytesOf(WaitFor({key}, timeout_).at(0)); }
  int64_t add(const std::string& key, int64_t value) override {
    return Ask({.operation = StoreOperation::kAdd, .keys = {key}, .number = value}).number;
  }
  bool deleteKey(const std::string& key) override {
    return Ask({.operation = StoreOperation::kDelete, .keys = {key}}).number > 0;
  }
  bool check(const std::vector<std::string>& keys) override {
    return Ask({.operation = StoreOperation::kCheck, .keys = keys}).number > 0;
  }
  int64_t getNumKeys() override { return Ask({.operation = StoreOperation::kCount}).number; }
  void wait(const std::vector<std::string>& keys) override { WaitFor(keys, timeout_); }
  void wait(const std::vector<std::string>& keys, const milliseconds& timeout) override {
    WaitFor(keys, timeout);
  }
  bool hasExtendedApi() const override { return false; }

 private:
  StoreAnswer Ask(const StoreRequest& request) { return Ask(request, timeout_); }
  StoreAnswer Ask(const StoreRequest& request, const milliseconds& timeout) {
    return ask_(request, std::chrono::duration<double>(timeout).count());
  }
  std::vector<std::string> WaitFor(const std::vector<std::string>& keys,
                                   const milliseconds& timeout) {
    return Ask({.operation = StoreOperation::kWait, .keys = keys}, timeout).values;
  }

  AskStore ask_;
};

}  // namespace

c10::intrusive_ptr<c10d::Store> MakeFrameStore(AskStore ask) {
  return c10::make_intrusive<FrameStore>(std::move(ask));
}

}  // namespace zerosweep
