"""An emulator that is killed while it writes: what was answered is there, batches are whole, the file is SQLite's own.

SIGKILL leaves no time for anything: what holds afterwards is what the write-ahead log holds. (It is not brought to the
disk with every write; a power cut may take the last moments with it, but leaves the file whole as well.)
"""

from __future__ import annotations

import json
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest

from xano_metadata import Instance, XanoError
from xano_metadata.testing import Emulator

from .tables import Column, a_table

ROUNDS = 8
BATCH = 20
WRITERS = 4
SEED = 7
TOKEN = "a-token-for-tests"

PROGRAM = """
import json, sys, threading
from xano_metadata.testing import Emulator

emulator = Emulator(file=sys.argv[1], token=sys.argv[2])
print(json.dumps({"url": emulator.instance_url}), flush=True)
threading.Event().wait()
"""


class Written:
    """What writers sent, and what of it was answered."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.sent: dict[str, int] = {}
        self.answered: set[str] = set()

    def begin(self, mark: str, rows: int) -> None:
        with self.lock:
            self.sent[mark] = rows

    def end(self, mark: str) -> int:
        with self.lock:
            self.answered.add(mark)
            return len(self.answered)


def write(instance: Instance, table: int, name: str, written: Written, enough: int, kill: threading.Event) -> None:
    """Writes single records and batches in turns until the other side is gone."""
    records = instance.workspace(1).table(table).records
    for turn in range(10_000):
        mark = f"{name}-{turn}"
        batch = turn % 2 == 1
        written.begin(mark, BATCH if batch else 1)
        try:
            if batch:
                records.create_many(items=[{"mark": mark, "n": n} for n in range(BATCH)])
            else:
                records.create({"mark": mark, "n": 0})
        except XanoError:
            return
        if written.end(mark) >= enough:
            kill.set()


def check_with_sqlite(file: Path, written: Written) -> None:
    """The file as any program with SQLite sees it."""
    with sqlite3.connect(file) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        # The records of table 1 of the workspace, whose first column of its own is `mark`.
        there = Counter(mark for (mark,) in db.execute("SELECT c1 FROM records_1"))
    db.close()
    check(there, written)


def check(there: Counter[str], written: Written) -> None:
    """Answered writes are there, once; others are there whole or not at all."""
    for mark, rows in written.sent.items():
        if mark in written.answered:
            assert there[mark] == rows, f"{mark} was answered"
        else:
            assert there[mark] in (0, rows), f"{mark} is there in part"
    assert set(there) <= set(written.sent)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_what_was_answered_is_there_after_the_emulator_was_killed(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    with Emulator(file=file, token=TOKEN) as emulator:
        records = a_table(emulator.instance(), Column.text("mark"), Column.int("n"))
        table = int(records._path[1])
    written = Written()
    rng = random.Random(SEED)
    for turn in range(ROUNDS):
        command = [sys.executable, "-c", PROGRAM, str(file), TOKEN]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
            assert program.stdout is not None
            url = json.loads(program.stdout.readline())["url"]
            instance = Instance(url, token=TOKEN, ambient_credentials=False, max_retries=0)
            kill = threading.Event()
            enough = len(written.answered) + rng.randrange(5, 120)
            writers = [
                threading.Thread(target=write, args=(instance, table, f"{turn}-{writer}", written, enough, kill))
                for writer in range(WRITERS)
            ]
            for writer in writers:
                writer.start()
            assert kill.wait(60)
            program.send_signal(signal.SIGKILL)
            for writer in writers:
                writer.join()
            instance.close()
        check_with_sqlite(file, written)
    with Emulator(file=file, token=TOKEN) as emulator:
        records = emulator.instance().workspace(1).table(table).records
        check(Counter(row["mark"] for row in records.iter(page_size=5000)), written)
        assert len(written.answered) >= ROUNDS * 5
        unanswered = set(written.sent) - written.answered
        assert len(unanswered) >= ROUNDS, "each writer was interrupted"
        # And it goes on where it was.
        made = records.create({"mark": "after", "n": 1})
        assert records.search(search={"mark": "after"}).all()[0]["id"] == made["id"]
