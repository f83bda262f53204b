#include "engine/import/state.h"

#include <array>
#include <fstream>
#include <string_view>

#include "base/error.h"
#include "engine/import/safetensors.h"
#include "engine/import/torch_save.h"

namespace zerosweep {

std::map<std::string, torch::Tensor> ReadState(const std::filesystem::path& path) {
  std::array<char, 9> head{};
  std::ifstream(path, std::ios::binary).read(head.data(), head.size());
  if (std::string_view(head.data(), 4) == std::string_view("PK\3\4", 4)) {
    return ReadTorchSave(path);
  }
  constexpr char kPickleProtocol = '\x80';
  if (head[0] == kPickleProtocol && head[1] == 2) {
    Fail(ErrorKind::kUsage,
         "{} is in the torch.save format from before PyTorch 1.6: load it there and save it again",
         path.string());
  }
  return ReadSafetensors(path);
}

}  // namespace zerosweep
