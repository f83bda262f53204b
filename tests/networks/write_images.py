"""Writes the first test images (image_files.py), normalised, as `images` of FOLDER/images.safetensors and as FOLDER/images.npy.

Usage: write_images.py IMAGES COUNT MEAN STD FOLDER [SIDE]; MEAN, STD: numbers with commas between them; SIDE: of a square cut out of the middle.
"""

import json
import pathlib
import sys

def main() -> None:
    try:
        import numpy
    except ImportError as error:
        print(json.dumps({"missing": error.name}))
        return
    file, count, mean, std, folder = sys.argv[1:6]
    import image_files

    images = image_files.read(file, mean, std, int(count))[0].astype("<f4")
    if len(sys.argv) > 6:
        side = int(sys.argv[6])
        top, left = (images.shape[2] - side) // 2, (images.shape[3] - side) // 2
        images = numpy.ascontiguousarray(images[:, :, top : top + side, left : left + side])
    entry = {"images": {"dtype": "F32", "shape": images.shape, "data_offsets": [0, images.nbytes]}}
    header = json.dumps(entry).encode()
    header += b" " * (-len(header) % 8)
    (pathlib.Path(folder) / "images.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + images.tobytes())
    numpy.save(pathlib.Path(folder) / "images.npy", images)
    print(json.dumps({"images": len(images)}))


main()
