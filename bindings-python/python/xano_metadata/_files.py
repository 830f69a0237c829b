"""Files and forms: turning what people have at hand into the parts of a multipart body."""

# JSON can be anything, so what stands in it is unknown by nature here.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

import os
import stat

from xano_metadata import _native
from xano_metadata._options import OMIT
from xano_metadata.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import IO, Any

    Content = str | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes]
    FileInput = Content | tuple[str, Content] | tuple[str, Content, str]
    """A file to send: a path (`str` or `Path`), the content as bytes, an open binary file, or a tuple
    `(file name, content)` or `(file name, content, content type)`. A path is streamed from disk."""
    FormPart = tuple[str, str | None, str | None, bytes | None, str | None]


def form_parts(
    operation: str, form: Mapping[str, Any], files: tuple[str, ...], nullable: tuple[str, ...]
) -> list[FormPart]:
    """The parts `(name, file name, content type, bytes, path)`, either bytes or a path; `OMIT` is left out."""
    parts: list[FormPart] = []
    for name, value in form.items():
        if value is OMIT:
            continue
        if value is None and name not in nullable:
            raise _refuse(operation, name, "cannot be None: the API takes no null here. Leave it out instead.")
        if name in files:
            for file in value if isinstance(value, list) else [value]:
                parts.append(_file(operation, name, file))
        else:
            parts.append((name, None, None, _text(name, value), None))
    return parts


def _text(name: str, value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode()
    if value is None:
        return b""
    text = _native.dumps(value, name)
    # A value that encodes as JSON text (a date, an enum) travels bare, like any other text.
    return _native.loads(text).encode() if text[:1] == b'"' else text


def _file(operation: str, name: str, value: Any) -> FormPart:
    file_name: str | None = None
    content_type: str | None = None
    if isinstance(value, tuple):
        if len(value) not in (2, 3) or not isinstance(value[0], str):
            raise _refuse(operation, name, "takes (file name, content) or (file name, content, content type).")
        file_name, content_type = value[0], value[2] if len(value) == 3 else None
        value = value[1]
    return _content(operation, name, file_name, content_type, value)


def _content(operation: str, name: str, file_name: str | None, content_type: str | None, value: Any) -> FormPart:
    if isinstance(value, (bytes, bytearray, memoryview)):
        file_name = file_name or "file"
        return name, file_name, content_type or _guess(file_name), bytes(value), None
    if isinstance(value, (str, os.PathLike)):
        path = os.fspath(value)
        if not os.path.isfile(path):  # noqa: PTH113 - pathlib is slow to import
            raise _refuse(operation, name, f"names {path!r}, which is no file. Content is given as bytes.")
        file_name = file_name or os.path.basename(path)  # noqa: PTH119
        return name, file_name, content_type or _guess(file_name), None, path
    if hasattr(value, "read"):
        path = _whole_file(value)
        shown = file_name or os.path.basename(path or str(getattr(value, "name", "file")))  # noqa: PTH119
        if path is not None:
            return name, shown, content_type or _guess(shown), None, path
        data = value.read()
        if not isinstance(data, bytes):
            raise _refuse(operation, name, "is a file opened as text. Open it with mode 'rb'.")
        return name, shown, content_type or _guess(shown), data, None
    kind = type(value).__name__
    raise _refuse(operation, name, f"takes a path, bytes, an open binary file or (file name, content), not {kind}.")


def _whole_file(file: Any) -> str | None:
    """The path of an open file that stands at its start, so that it can be streamed, and again for a retry."""
    path = getattr(file, "name", None)
    if not isinstance(path, str) or "b" not in str(getattr(file, "mode", "")):
        return None
    try:
        opened, named = os.fstat(file.fileno()), os.stat(path)  # noqa: PTH116
        same = (opened.st_dev, opened.st_ino) == (named.st_dev, named.st_ino)
        return path if same and stat.S_ISREG(named.st_mode) and file.tell() == 0 else None
    except (OSError, ValueError, AttributeError):
        return None


def _guess(file_name: str) -> str | None:
    import mimetypes  # noqa: PLC0415 - reads the system's tables, so only when a file is sent

    return mimetypes.guess_type(file_name)[0]


def _refuse(operation: str, name: str, problem: str) -> ConfigError:
    return ConfigError(f"{operation}: {name} {problem}", message=f"{name} {problem}", operation=operation)
