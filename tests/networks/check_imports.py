"""Imports networks of torchvision and timm from both formats and compares them with PyTorch.

Usage: check_imports.py BUILD [NETWORK …] (without a name: all). Each network has random weights and the batch-norm statistics of
noise. It is exported as .pt2 (as torch.export gives it, and decomposed) and as ONNX; `zerosweep-stage --inspect` reads the file and
computes images that differ; the module itself computes the same images. Prints a line for each file, and ends with 1 where an
output differs by more than 1e-4 of the largest (float32; twice PyTorch's own difference between float32 and float64 where that is
more, as networks with random weights may have), or 1e-9 (float64, of .pt2), or is the same for all images.
"""

import array
import json
import pathlib
import subprocess
import sys
import tempfile
import warnings

try:
    import timm
    import torch
    import torchvision
except (ImportError, OSError) as error:  # make CUDA=0 has no PyTorch for Python
    print(f"skipped: {error}; scripts/setup --tests brings torchvision and timm")
    sys.exit(77)

warnings.filterwarnings("ignore")
FLOAT32, FLOAT64 = 1e-4, 1e-9
NOISE_BATCHES = 4

# Name → (package, side of its images).
NETWORKS = {
    "resnet18": ("torchvision", 64),
    "mobilenet_v3_small": ("torchvision", 64),
    "shufflenet_v2_x0_5": ("torchvision", 64),
    "googlenet": ("torchvision", 64),
    "regnet_y_400mf": ("torchvision", 64),
    "ghostnet_100": ("timm", 64),
    "mobilenet_v2": ("torchvision", 96),
    "densenet121": ("torchvision", 64),
    "efficientnet_b0": ("torchvision", 96),
    "tf_efficientnet_lite0": ("timm", 96),
    "hrnet_w18_small": ("timm", 64),
    "convnext_atto": ("timm", 64),
}
# Files that no reader takes, by the operator at which it stops.
REFUSED = {"convnext_atto_decomposed.pt2": "aten.as_strided"}


def network(name: str) -> torch.nn.Module:
    torch.manual_seed(0)
    package, side = NETWORKS[name]
    if package == "timm":
        module = timm.create_model(name, pretrained=False)
    else:
        options = {"aux_logits": False, "init_weights": False} if name == "googlenet" else {}
        module = torchvision.models.get_model(name, weights=None, **options)
    # Fresh affine parameters would be 1 and 0, which hides errors.
    for part in module.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(part.weight, 0.5, 1.5)
            torch.nn.init.uniform_(part.bias, -0.3, 0.3)
            part.momentum = None  # the mean over the batches
    module.train()
    with torch.no_grad():
        for _ in range(NOISE_BATCHES):
            module(torch.randn(8, 3, side, side))
    return module.eval()


def exported(module: torch.nn.Module, name: str, folder: pathlib.Path) -> list[pathlib.Path]:
    side = NETWORKS[name][1]
    images = torch.randn(2, 3, side, side)
    program = torch.export.export(module, (images,))
    files = [folder / f"{name}.pt2", folder / f"{name}_decomposed.pt2", folder / f"{name}.onnx"]
    torch.export.save(program, files[0])
    torch.export.save(program.run_decompositions(), files[1])
    torch.onnx.export(module, (images,), files[2], dynamo=False, training=torch.onnx.TrainingMode.PRESERVE,
                      input_names=["images"], output_names=["logits"], dynamic_axes={"images": {0: "N"}})
    return files


def read(file: pathlib.Path, code: str) -> torch.Tensor:
    numbers = array.array(code)
    numbers.frombytes(file.read_bytes())
    return torch.frombuffer(numbers, dtype=torch.float64 if code == "d" else torch.float32)


def difference(stage: pathlib.Path, file: pathlib.Path, module: torch.nn.Module, wide: bool) -> tuple[float, bool, float]:
    """The largest difference over the largest output; whether outputs vary with the image; the same difference of PyTorch's own
    float32 and float64."""
    with tempfile.TemporaryDirectory() as probe:
        request = {"file": str(file), "probe": probe, "float64": wide}
        asked = subprocess.run([stage, "--inspect", json.dumps(request)], capture_output=True, text=True)
        answer = json.loads(asked.stdout or "{}")
        if "facts" not in answer:
            raise RuntimeError(answer.get("error") or asked.stderr.strip() or f"exit {asked.returncode}")
        code, folder = "d" if wide else "f", pathlib.Path(probe)
        images = read(folder / "images.bin", code).reshape(json.loads((folder / "probe.json").read_text())["shape"])
        ours = read(folder / "outputs.bin", code).reshape(len(images), -1)
        with torch.no_grad():
            exact = module.double()(images.double()).flatten(1)
            theirs = exact if wide else module.float()(images).flatten(1)
    rounding = ((theirs - exact).abs().max() / exact.abs().max()).item()
    distance = ((ours - theirs).abs().max() / theirs.abs().max()).item()
    return distance, not torch.equal(ours[0], ours[-1]), rounding


def main() -> int:
    stage = pathlib.Path(sys.argv[1]) / "bin" / "zerosweep-stage"
    torch.set_num_threads(1)
    failed = 0
    print(f"{'file':36} {'float32':>9} {'float64':>9}")
    for name in sys.argv[2:] or NETWORKS:
        with tempfile.TemporaryDirectory() as folder:
            module = network(name)
            for file in exported(module, name, pathlib.Path(folder)):
                try:
                    narrow, varies, rounding = difference(stage, file, module, wide=False)
                    wide = difference(stage, file, module, wide=True)[0] if file.suffix == ".pt2" else None
                except RuntimeError as error:
                    expected = REFUSED.get(file.name, "?") in str(error)
                    print(f"{file.name:36} {str(error).removeprefix(f'{file}: ') if expected else f'FAILED: {error}'}", flush=True)
                    failed += not expected
                    continue
                good = narrow < max(FLOAT32, 2 * rounding) and (wide is None or wide < FLOAT64) and varies
                failed += not good
                print(f"{file.name:36} {narrow:9.1e} {'' if wide is None else f'{wide:9.1e}':>9} {'' if good else 'FAILED'}", flush=True)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
