"""P7: the same reads and inserts across a link with a round trip of 60 ms, by the loop that people write and by ours.

The loop is requests: page after page until there is no next one, batch after batch.
"""

from __future__ import annotations

from bench.python.harness import Subject
from bench.python.subjects import insert, pages_to_dicts

READ = Subject(
    {"ours": pages_to_dicts.ours, "requests": pages_to_dicts.requests},
    pages_to_dicts.drive,
    warm=0,
    count=pages_to_dicts.count,
)
INSERT = Subject(
    {"ours": insert.ours, "requests": insert.requests},
    insert.drive,
    warm=0,
    prepare=insert.prepare,
)
