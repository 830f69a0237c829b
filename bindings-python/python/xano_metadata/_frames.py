"""Records as columns: the Arrow stream, and data frames of pandas and polars.

None of the libraries is needed to install this package, and none is loaded before it is asked for. pandas' own way
from Arrow leads through pyarrow; ours copies numbers as they lie in memory.
"""

# pandas and pyarrow say little of their types.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportMissingTypeStubs=false

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import datetime
    from typing import Any

    import pandas
    import polars

    from xano_metadata._native import ArrowReader, Batches, Records


class ArrowRecords:
    """Records as Arrow, read anew by each who asks for the stream.

    It follows Arrow's interface for Python, so `pyarrow.table(x)`, `pyarrow.RecordBatchReader.from_stream(x)`,
    `polars.DataFrame(x)` and `duckdb.sql("select … from x")` take it as it is. A stream is read as it is consumed; when
    a read fails midway the consumer raises an error of its own with our text.
    """

    __slots__ = ("_columns", "_of", "_options", "_records")

    def __init__(self, records: Records, options: dict[str, Any], columns: dict[str, Any], of: str) -> None:
        """Made by `to_arrow`."""
        self._records = records
        self._options = options
        self._columns = columns
        self._of = of

    def _open(self) -> ArrowReader:
        return self._records.read_arrow(self._options, self._columns)

    def __arrow_c_schema__(self) -> object:
        return self._open().__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        # Casting to what is requested is up to the consumer, as the interface allows.
        return self._open().__arrow_c_stream__()

    def __repr__(self) -> str:
        return f"<ArrowRecords of {self._of}>"


def require(module: str, what: str) -> Any:
    """Imports a library that this package does without.

    Raises:
        ConfigError: It is not installed; the message says how to.
    """
    from importlib import import_module  # noqa: PLC0415 - only for this

    from xano_metadata.errors import ConfigError  # noqa: PLC0415

    package = module.partition(".")[0]
    try:
        import_module(package)
    except ModuleNotFoundError as missing:
        if missing.name != package:
            raise
        raise ConfigError(f"{what} needs {package}, which is not installed: pip install {package}") from missing
    return import_module(module)


def polars_frame(batches: Batches) -> polars.DataFrame:
    """A data frame of polars that shares memory with the batches."""
    frame: polars.DataFrame = require("polars", "to_polars").DataFrame(batches)
    return frame


def pandas_frame(batches: Batches) -> pandas.DataFrame:
    """A data frame of pandas."""
    pd = require("pandas", "to_pandas")
    # What pandas makes of text differs by its version and by what is installed beside it.
    text = pd.Series(["text"]).dtype
    shared = _arrow_texts(batches) if getattr(text, "storage", None) == "pyarrow" else None
    made: dict[str, Any] = {}
    for name, kind, values, mask in batches.columns(shared is None):
        if kind != "text":
            made[name] = _column(pd, kind, values, mask)
        elif shared is not None:
            made[name] = text.__from_arrow__(shared.column(name))
        else:
            made[name] = pd.array(_objects(values), dtype=text)
    frame: pandas.DataFrame = pd.DataFrame(made, copy=False)
    return frame


def _arrow_texts(batches: Batches) -> Any:
    """The batches as pyarrow sees them, which pandas then uses for text: nothing is copied."""
    from importlib import import_module  # noqa: PLC0415

    return import_module("pyarrow").table(batches)


def _column(pd: Any, kind: str, values: Any, mask: Any) -> Any:
    import numpy as np  # noqa: PLC0415 - pandas brings it

    if kind == "object":
        return _objects(values)
    holes = None if mask is None else np.frombuffer(mask, dtype=bool)
    if kind == "bool":
        flags = np.frombuffer(values, dtype=bool)
        return flags if holes is None else pd.arrays.BooleanArray(flags, holes)
    numbers = np.frombuffer(values, dtype="float64" if kind == "float64" else "int64")
    if kind == "datetime":
        return pd.DatetimeIndex(numbers.view("datetime64[ms]"), tz="UTC")
    if kind == "date":
        days = numbers.copy()
        if holes is not None:
            days[holes] = np.iinfo("int64").min
        return days.view("datetime64[D]").astype("datetime64[s]")
    return numbers if holes is None else pd.arrays.IntegerArray(numbers, holes)


def _objects(values: list[Any]) -> Any:
    import numpy as np  # noqa: PLC0415

    objects = np.empty(len(values), dtype=object)
    objects[:] = values
    return objects


def _datetime(millis: int) -> datetime.datetime:
    import datetime  # noqa: PLC0415 - only moments inside lists and objects need it

    epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    return epoch + datetime.timedelta(milliseconds=millis)


def _date(days: int) -> datetime.date:
    import datetime  # noqa: PLC0415

    return datetime.date(1970, 1, 1) + datetime.timedelta(days=days)
