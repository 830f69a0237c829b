"""Packs what users download as tightly as its format allows: `python scripts/repack.py dist/*.whl dist/npm/*.tgz`.

Wheels and npm packages are DEFLATE by definition. The usual packers stop looking early; libdeflate looks for as long as
it takes (seconds) and saves one byte in twenty. Contents, names, modes and dates stay as they are.
"""

from __future__ import annotations

import gzip
import sys
import zipfile
from copy import copy
from pathlib import Path

import deflate

LEVEL = 12


def wheel(source: Path, target: Path) -> None:
    """A zip archive, member by member."""
    with zipfile.ZipFile(source) as old, target.open("wb") as file, zipfile.ZipFile(file, "w") as new:
        for member in old.infolist():
            content = old.read(member)
            packed = deflate.deflate_compress(content, LEVEL)
            entry = copy(member)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.compress_size = len(packed)
            entry.header_offset = file.tell()
            # Sizes stand in the header, so that no descriptor follows the content.
            entry.flag_bits &= ~0x08
            file.write(entry.FileHeader(zip64=False))
            file.write(packed)
            # `zipfile` writes the directory behind what is there; it has no door for members that are packed already.
            new.filelist.append(entry)
            new.start_dir = file.tell()
            new._didModify = True  # type: ignore[attr-defined]


def tarball(source: Path, target: Path) -> None:
    """A gzip stream."""
    target.write_bytes(bytes(deflate.gzip_compress(gzip.decompress(source.read_bytes()), LEVEL)))


def main() -> None:
    """Replaces each file by its tighter self."""
    for name in sys.argv[1:]:
        source = Path(name)
        target = source.with_name(source.name + ".tight")
        before = source.stat().st_size
        (wheel if source.suffix == ".whl" else tarball)(source, target)
        if target.stat().st_size < before:
            target.replace(source)
        else:
            target.unlink()
        print(f"{source.name}: {before / 1e6:.2f} -> {source.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
