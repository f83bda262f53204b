// A quantized network as a file: `zerosweep-stage --export`.
#pragma once

#include "base/json.h"

namespace zerosweep {

// request: {"teacher", "quantized": folders of artifacts (without "quantized": the teacher in full
// precision), "file": what to write (absent: nothing), "form" of its tensors (.safetensors),
// "metadata" (.onnx), "target" (onnxruntime or openvino), "probe": a folder with images.safetensors}. Returns what
// docs/stage_protocol.md says. Throws kUsage for what cannot be written, and then leaves no file.
Json ExportNetwork(const Json& request);

}  // namespace zerosweep
