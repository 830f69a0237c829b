"""Rows to insert: the columns of the bench's table without `id`, all values made afresh."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

GOODS = ("Walnut desk organiser, 3 trays", "Linen tea towel", "Enamel mug 0.4 l", "Café chair, beech")
STATUS = ("open", "paid", "sent", "returned")
NOTES = ("Leave it with the neighbour, please ring twice", None, "Größe prüfen – Rücksendung möglich", None)


def rows(count: int) -> Iterator[dict[str, Any]]:
    """So many rows, one at a time."""
    for number in range(count):
        yield {
            "created_at": 1_736_982_000_000 + number * 61_003,
            "customer": number * 7919 % 50_000,
            "email": f"robin.meadow{number}@example.com",
            "product": GOODS[number % 4],
            "status": STATUS[number // 3 % 4],
            "quantity": number % 9 + 1,
            "price": (number * 31 % 50_000) / 100,
            "paid": number % 3 == 0,
            "day": f"2025-{number % 12 + 1:02}-{number % 28 + 1:02}",
            "reference": f"{number:08x}-0000-4000-a000-{number * 7919:012x}",
            "note": NOTES[number // 5 % 4],
        }
