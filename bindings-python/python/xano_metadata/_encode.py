"""What JSON has no word for, in simpler words: the slow half of encoding, asked by the native module.

Modules are only looked for where they are loaded already: a value of a class cannot be there before its module.
"""

# JSON can be anything, so what stands in it is unknown by nature here.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def simplify(value: Any) -> tuple[bool, Any]:  # noqa: PLR0912 - a table of types
    """A simpler value: `(False, value to encode)`, or `(True, text of a number)`.

    Raises:
        TypeError: The value has no JSON form; the message goes on after the name of the field.
    """
    data = getattr(value, "_data", None)
    if isinstance(data, dict) and hasattr(type(value), "to_dict"):
        return False, data
    if _is(value, "enum", "Enum"):
        return False, value.value
    if isinstance(value, str):
        return False, str.__str__(value)
    if isinstance(value, int):
        return False, int(value)
    if isinstance(value, float):
        return False, float(value)
    if _is(value, "decimal", "Decimal"):
        if not value.is_finite():
            raise TypeError(f"is {value}, which JSON cannot say. Send null or text instead")
        return True, str(value)
    if _is(value, "datetime", "date", "time"):  # a datetime is a date
        return False, value.isoformat()
    if _is(value, "uuid", "UUID"):
        return False, str(value)
    if isinstance(value, Mapping):
        return False, dict(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        raise TypeError("is bytes, which JSON cannot hold. Decode them, or use a method that takes a file")
    if isinstance(value, Sequence):
        return False, list(value)
    if hasattr(value, "dtype") and hasattr(value, "tolist"):  # numpy's scalars and arrays
        return False, value.tolist()
    if hasattr(value, "__index__"):
        return False, value.__index__()
    raise TypeError(f"is of type {type(value).__name__}, which JSON cannot hold. Give text, numbers, lists or dicts")


def _is(value: object, module: str, *names: str) -> bool:
    loaded = sys.modules.get(module)
    return loaded is not None and isinstance(value, tuple(getattr(loaded, name) for name in names))
