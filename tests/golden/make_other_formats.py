#!/usr/bin/env python3
"""Makes tests/golden/other_formats: small BMP, GIF, PNM, TIFF and WebP files of every kind that is read, each beside what
Pillow makes of it in RGB (FILE.expected.png), the grey one with 16 bits (upper_*), and some that are refused (refused_*). The committed files were made with
Pillow 11.3.0:

  python3 -m venv venv && venv/bin/pip install pillow==11.3.0
  venv/bin/python tests/golden/make_other_formats.py"""

import math
import pathlib
import struct

from PIL import Image

FOLDER = pathlib.Path(__file__).parent / "other_formats"
WIDTH, HEIGHT = 23, 17  # rows of BMP are padded, those of 1 bit a pixel end inside a byte


def picture() -> Image.Image:
    image = Image.new("RGB", (WIDTH, HEIGHT))
    for y in range(HEIGHT):
        for x in range(WIDTH):
            u, v = x / WIDTH, y / HEIGHT
            colours = (127 + 120 * math.sin(9 * u + 4 * v), 127 + 120 * math.cos(5 * u - 11 * v), 250 * u * v)
            image.putpixel((x, y), tuple(max(0, min(255, round(c))) for c in colours))
    return image


def bitmap(image: Image.Image, bits: int) -> bytes:
    """A BMP file of 24 or 32 bits a pixel, its rows from top to bottom."""
    data = image.tobytes("raw", "BGR" if bits == 24 else "BGRX")
    row = WIDTH * bits // 8
    rows = b"".join(data[y * row : (y + 1) * row].ljust((row + 3) // 4 * 4, b"\0") for y in range(HEIGHT))
    header = struct.pack("<IiiHHIIiiII", 40, WIDTH, -HEIGHT, 1, bits, 0, len(rows), 2835, 2835, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54 + len(rows), 0, 0, 54) + header + rows


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    image = picture()
    grey = image.convert("L")
    bits = grey.point(lambda value: 255 * (value > 127)).convert("1")
    palette, few = image.quantize(200), image.quantize(13)
    clear = image.copy()
    clear.putalpha(grey)
    opaque = image.copy()
    opaque.putalpha(255)
    for name, kind in {"rgb": image, "grey": grey, "bits": bits, "palette": palette, "few": few}.items():
        for ending in ("bmp", "gif", "tif"):
            kind.save(FOLDER / f"{name}.{ending}")
    for name, kind in {"rgb": image, "grey": grey, "bits": bits}.items():
        kind.save(FOLDER / f"{name}.ppm")
    (FOLDER / "down.bmp").write_bytes(bitmap(image, 24))
    clear.save(FOLDER / "clear.gif")
    palette.save(FOLDER / "woven.gif", interlace=1, transparency=3)
    palette.save(FOLDER / "several.gif", save_all=True, append_images=[palette.rotate(180)])
    text = " ".join(str(value) for value in grey.tobytes())
    (FOLDER / "text.pgm").write_text(f"P2\n# made by hand\n{WIDTH} {HEIGHT}\n255\n{text}\n")
    (FOLDER / "levels.pgm").write_bytes(b"P5 %d %d 15\n" % (WIDTH, HEIGHT) + bytes(v >> 4 for v in grey.tobytes()))
    wide = b"".join(bytes((v, v)) for v in image.tobytes())
    (FOLDER / "wide.ppm").write_bytes(b"P6 %d %d 65535\n" % (WIDTH, HEIGHT) + wide)
    for compression in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"):
        image.save(FOLDER / f"{compression}.tif", compression=compression)
    bits.save(FOLDER / "fax.tif", compression="group4")
    image.convert("CMYK").save(FOLDER / "inks.tif")
    opaque.save(FOLDER / "opaque.tif")
    turned = Image.Exif()
    turned[0x0112] = 6  # Pillow obeys it in TIFF, and there alone
    image.save(FOLDER / "turned.tif", exif=turned)
    image.save(FOLDER / "several.tif", save_all=True, append_images=[image.rotate(180)])
    image.save(FOLDER / "exact.webp", lossless=True)
    image.save(FOLDER / "lossy.webp", quality=80)
    clear.save(FOLDER / "clear.webp", quality=80)
    for path in sorted(FOLDER.iterdir()):
        if not path.name.endswith(".expected.png") and not path.name.startswith(("refused_", "upper_")):
            Image.open(path).convert("RGB").save(FOLDER / f"{path.name}.expected.png", optimize=True)
    values = [v << 8 | 255 - v for v in grey.tobytes()]
    Image.frombytes("I;16", (WIDTH, HEIGHT), struct.pack(f"<{len(values)}H", *values)).save(FOLDER / "upper_grey.tif")
    (FOLDER / "upper_grey.pgm").write_bytes(b"P5 %d %d 65535\n" % (WIDTH, HEIGHT) + struct.pack(f">{len(values)}H", *values))
    (FOLDER / "refused_32.bmp").write_bytes(bitmap(image, 32))
    clear.save(FOLDER / "refused_clear.tif")
    image.convert("LAB").save(FOLDER / "refused_lab.tif")
    Image.new("F", (WIDTH, HEIGHT), 0.5).save(FOLDER / "refused_float.tif")
    image.save(FOLDER / "refused_moving.webp", save_all=True, append_images=[image.rotate(180)])
    (FOLDER / "refused_hundred.pgm").write_bytes(b"P5 %d %d 100\n" % (WIDTH, HEIGHT) + bytes(min(v, 100) for v in grey.tobytes()))


if __name__ == "__main__":
    main()
