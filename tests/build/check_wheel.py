#!/usr/bin/env python3
"""The wheel runs on every system that its tag names: each library that one of its ELF files needs is in the wheel, in a pinned
wheel to which its rpath leads, or belongs to glibc or GCC; auditwheel finds no symbol newer than the tag allows; no file names the
folders of the build. Prints what it found.
Usage: check_wheel.py WHEEL SOURCE_TREE   (with the Python of scripts/wheel's tools)"""

import pathlib
import re
import sys
import tempfile
import zipfile

from auditwheel.architecture import Architecture
from auditwheel.elfutils import elf_file_filter, elf_find_versioned_symbols
from auditwheel.libc import Libc
from auditwheel.wheel_abi import analyze_wheel_abi

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "scripts"))
from wheel_libraries import SYSTEM


def unpack(wheel: pathlib.Path, venv: pathlib.Path, environment: pathlib.Path) -> pathlib.Path:
    """Lays the wheel into an environment that has what `venv` has; returns its site-packages."""
    [installed] = venv.glob("lib/python3*/site-packages")
    site = environment / "lib" / installed.parent.name / installed.name
    site.mkdir(parents=True)
    for part in installed.iterdir():
        (site / part.name).symlink_to(part)
    for part in venv.glob("lib/*.so*"):
        (environment / "lib" / part.name).symlink_to(part)
    zipfile.ZipFile(wheel).extractall(site)
    return site


def foreign_libraries(site: pathlib.Path) -> tuple[list[str], set[str]]:
    """One line for each ELF file, with where its libraries are; and the names of those outside the package."""
    lines, outside = [], set()
    for path, elf in elf_file_filter(sorted(p for p in (site / "zerosweep").rglob("*") if p.is_file())):
        tags = list(elf.get_section_by_name(".dynamic").iter_tags())
        assert not any(tag.entry.d_tag == "DT_RUNPATH" for tag in tags), f"{path.name}: LD_LIBRARY_PATH comes before a RUNPATH"
        rpath = [entry for tag in tags if tag.entry.d_tag == "DT_RPATH" for entry in tag.rpath.split(":")]
        places = [pathlib.Path(entry.replace("$ORIGIN", str(path.parent))) for entry in rpath]
        where = []
        for name in (tag.needed for tag in tags if tag.entry.d_tag == "DT_NEEDED"):
            if SYSTEM.fullmatch(name):
                continue
            place = next((place for place in places if (place / name).exists()), None)
            if place is None:
                where.append(f"{name} NOT FOUND")
            elif not place.resolve().is_relative_to(site / "zerosweep"):
                outside.add(name)
                where.append(f"{name} of a pinned wheel")
            else:
                where.append(name)
        lines.append(f"{path.relative_to(site)}: {', '.join(where) or 'the system alone'}")
    return lines, outside


def newest_versions(site: pathlib.Path) -> dict[str, str]:
    """The newest version of GLIBC, GLIBCXX, … that any ELF file asks for."""
    newest: dict[str, tuple[int, ...]] = {}
    for _, elf in elf_file_filter(p for p in (site / "zerosweep").rglob("*") if p.is_file()):
        for _, version in elf_find_versioned_symbols(elf):
            if found := re.fullmatch(r"(GLIBC|GLIBCXX|CXXABI|GCC)_([\d.]+)", version):
                number = tuple(map(int, found[2].split(".")))
                newest[found[1]] = max(newest.get(found[1], ()), number)
    return {name: ".".join(map(str, number)) for name, number in sorted(newest.items())}


def files_that_name(folders: list[pathlib.Path], site: pathlib.Path) -> list[str]:
    return [f"{path.relative_to(site)} names {folder}"
            for path in sorted(site.glob("zerosweep*/**/*")) if path.is_file()
            for folder in folders if str(folder).encode() in path.read_bytes()]


def test_that_it_can_fail(site: pathlib.Path, source: pathlib.Path) -> None:
    library = site / "zerosweep/lib/zerosweep/libfmt.so.9"
    library.rename(library.with_suffix(".away"))
    assert any("libfmt.so.9 NOT FOUND" in line for line in foreign_libraries(site)[0])
    (site / "zerosweep/note").write_text(f"made in {source}/build")
    assert files_that_name([source], site) == [f"zerosweep/note names {source}"]


def main(wheel: pathlib.Path, source: pathlib.Path) -> int:
    with tempfile.TemporaryDirectory() as folder:
        site = unpack(wheel, source / ".venv", pathlib.Path(folder).resolve())
        lines, outside = foreign_libraries(site)
        audit = analyze_wheel_abi(Libc.GLIBC, Architecture.x86_64, wheel, frozenset(outside),
                                  disable_isa_ext_check=False, allow_graft=False)
        bad = [line for line in lines if "NOT FOUND" in line]
        bad += files_that_name([source, (source / ".venv").resolve()], site)
        if not wheel.stem.endswith(audit.overall_policy.name):
            bad.append(f"auditwheel: {audit.overall_policy.name}; symbols {audit.sym_policy.name}, libraries "
                       f"{audit.ref_policy.name}, instructions {audit.machine_policy.name}")
        print("\n".join(lines))
        print("newest symbols:", ", ".join(f"{name} {version}" for name, version in newest_versions(site).items()))
        print(f"{wheel.name}: {wheel.stat().st_size / 1e6:.1f} MB, {audit.overall_policy.name}")
        test_that_it_can_fail(site, source)
    print("\n".join(bad), end="\n" if bad else "")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).absolute()))
