// The files next to an ONNX file that hold its tensors ("external data"). Both programs name a
// network by the bytes of all its files.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace zerosweep {

// Whether a name that a file gives cannot lead out of its folder.
bool IsPlainFileName(const std::string& name);

// Their names, sorted. Looks at the fields that name files and at nothing else. Throws kUsage,
// naming the file, when it is damaged, when a name is no plain name of a file in the same folder,
// and when it names more than 1000. Throws kStorage when it cannot be read.
std::vector<std::string> OnnxDataFiles(const std::filesystem::path& onnx);

}  // namespace zerosweep
