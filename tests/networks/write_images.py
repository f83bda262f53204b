"""Writes the first images of CIFAR-10's binary format, normalised, as `images` of FOLDER/images.safetensors and as FOLDER/images.npy.

Usage: write_images.py BATCH.bin COUNT MEAN STD FOLDER; MEAN, STD: numbers with commas between them.
"""

import json
import pathlib
import sys

RECORD, SIDE = 1 + 3 * 32 * 32, 32  # a label, then the image


def main() -> None:
    try:
        import numpy
    except ImportError as error:
        print(json.dumps({"missing": error.name}))
        return
    file, count, mean, std, folder = sys.argv[1:6]
    records = numpy.fromfile(file, numpy.uint8).reshape(-1, RECORD)[: int(count)]
    mean, std = (numpy.array([float(number) for number in text.split(",")], numpy.float32).reshape(1, -1, 1, 1) for text in (mean, std))
    images = ((records[:, 1:].reshape(-1, 3, SIDE, SIDE).astype(numpy.float32) / 255 - mean) / std).astype("<f4")
    entry = {"images": {"dtype": "F32", "shape": images.shape, "data_offsets": [0, images.nbytes]}}
    header = json.dumps(entry).encode()
    header += b" " * (-len(header) % 8)
    (pathlib.Path(folder) / "images.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + images.tobytes())
    numpy.save(pathlib.Path(folder) / "images.npy", images)
    print(json.dumps({"images": len(images)}))


main()
