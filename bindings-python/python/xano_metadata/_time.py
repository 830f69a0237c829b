"""Reading the times that Xano writes, in any of the shapes it writes them in."""

import datetime as _dt

_MILLISECONDS_FROM = 100_000_000_000
"""Numbers from here on are milliseconds: as seconds they would lie after the year 5138, as milliseconds in 1973."""


def parse_time(value: "int | float | str | _dt.datetime | None") -> "_dt.datetime | None":
    """Reads a time as the API gives it: epoch milliseconds, epoch seconds, ISO 8601, or `2023-04-12 22:00:38+0000`.

    Models keep the raw value; this makes a `datetime` of it when one is needed.

    Args:
        value: The raw value, such as `snippet.created_at`. Text without a zone is taken as UTC.

    Returns:
        An aware `datetime` in the zone of the value (UTC for numbers), or None for None and empty text.

    Raises:
        ValueError: The value is no time in any of these shapes.

    >>> parse_time(1681336838000)
    datetime.datetime(2023, 4, 12, 22, 0, 38, tzinfo=datetime.timezone.utc)
    >>> parse_time("2023-04-12 22:00:38+0000") == parse_time(1681336838) == parse_time("2023-04-12T22:00:38Z")
    True
    """
    if value is None or isinstance(value, _dt.datetime):
        return _aware(value) if value is not None else None
    if isinstance(value, str):
        text = value.strip()
        if not text:
            return None
        try:
            number = float(text)
        except ValueError:
            return _aware(_read_text(text))
    else:
        number = value
    seconds = number / 1000 if abs(number) >= _MILLISECONDS_FROM else number
    try:
        return _dt.datetime.fromtimestamp(0, _dt.timezone.utc) + _dt.timedelta(seconds=seconds)
    except (OverflowError, ValueError):
        raise ValueError(f"{value!r} is no time: too far away") from None


def _aware(moment: _dt.datetime) -> _dt.datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=_dt.timezone.utc)


def _read_text(text: str) -> _dt.datetime:
    import re  # noqa: PLC0415 - only odd texts need it

    match = re.fullmatch(
        r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d)?(?:[.,](\d{1,9}))?)?\s*(Z|[+-]\d\d(?::?\d\d)?)?",
        text,
        re.IGNORECASE,
    )
    if not match:
        raise ValueError(f"{text!r} is no time: expected epoch milliseconds, epoch seconds or ISO 8601")
    day, minute, second, fraction, zone = match.groups()
    plain = f"{day}T{minute or '00:00'}{second or ':00'}.{(fraction or '0')[:6]:0<6}"
    if zone is None or zone in "zZ":
        offset = "+00:00"
    else:
        digits = zone[1:].replace(":", "").ljust(4, "0")
        offset = f"{zone[0]}{digits[:2]}:{digits[2:]}"
    return _dt.datetime.fromisoformat(plain + offset)
