#include "engine/import/pt2/pt2_trace.h"

#include <algorithm>

namespace zerosweep {
namespace {

constexpr size_t kMaxShown = 100;

// A path, without what could break a message into lines.
std::string Shortened(std::string_view text) {
  std::string plain(text.substr(0, kMaxShown));
  std::replace_if(
      plain.begin(), plain.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return plain;
}

// Takes the text up to `end` and the end itself off the front.
std::string_view TakeUntil(std::string_view& text, char end) {
  const size_t size = std::min(text.find(end), text.size());
  const std::string_view front = text.substr(0, size);
  text.remove_prefix(std::min(size + 1, text.size()));
  return front;
}

}  // namespace

ModuleFrame ModuleOf(std::string_view module_stack) {
  const size_t semicolon = module_stack.find_last_of(';');
  if (semicolon != std::string_view::npos) module_stack.remove_prefix(semicolon + 1);
  TakeUntil(module_stack, ',');
  const size_t comma = module_stack.find(',');
  if (comma == std::string_view::npos) return {};
  std::string_view path = module_stack.substr(0, comma);
  if (path == "_empty_nn_module_stack_from_metadata_hook") return {};  // of no module
  module_stack.remove_prefix(comma + 1);
  return {.path = Shortened(TakeUntil(path, '@')),  // "relu@1": the second call
          .of_torch = module_stack.starts_with("torch.nn.")};
}

}  // namespace zerosweep
