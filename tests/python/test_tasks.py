"""Long work a step at a time, on which the rooms of the fleet stand, rehearsed by a task that does as it is told."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from xano_metadata import Cancelled, ConfigError, XanoError
from xano_metadata._tasks import Driving, Places, Question, TaskProgress, found, found_async, run, run_async, start
from xano_metadata.testing import Emulator

from .conftest import Script, until

ALL: dict[str, Any] = {
    "acts": [{"progress": 3}, {"found": {"id": 1}}, {"ask": "Go on?"}, {"found": {"id": 2}}],
    "result": {"big": 2**63},
}


def test_steps_are_told_asked_and_returned() -> None:
    told: list[Any] = []

    def ask(question: Question) -> tuple[bool, str]:
        told.append((question.kind, question.text, question.about))
        return True, "by hand"

    driving = Driving(on_progress=told.append, on_found=told.append, ask=ask)
    result = run("rehearsal", ALL, driving)
    assert result == {"answers": [{"yes": True, "reason": "by hand"}], "result": {"big": 2**63}}
    progress = TaskProgress(what="rehearsal", done=3, total=10, unit="acts")
    assert told == [progress, {"id": 1}, ("check", "Go on?", {"acts": 1}), {"id": 2}]
    assert repr(progress) == "<TaskProgress: rehearsal, 3 of 10 acts>"


async def test_the_same_is_awaited() -> None:
    told: list[Any] = []

    async def tell(what: Any) -> None:
        await asyncio.sleep(0)
        told.append(what)

    async def ask(question: Question) -> bool:
        await tell(question.text)
        return True

    result = await run_async("rehearsal", ALL, Driving(on_progress=tell, on_found=tell, ask=ask))
    assert result["answers"] == [{"yes": True, "reason": None}]
    assert told[1:] == [{"id": 1}, "Go on?", {"id": 2}]
    plain = Driving(on_progress=told.append, ask=lambda question: False)
    assert (await run_async("rehearsal", ALL, plain))["answers"] == [{"yes": False, "reason": None}]


def test_without_anyone_to_ask_the_answer_is_no() -> None:
    answers = run("rehearsal", ALL, Driving())["answers"]
    assert answers == [{"yes": False, "reason": "nobody was there to decide"}]


def test_warnings_are_pythons() -> None:
    with pytest.warns(UserWarning, match="Careful"):
        run("rehearsal", {"acts": [{"warn": "Careful."}]}, Driving())


def test_finds_are_looped_over(tmp_path: Path) -> None:
    held = tmp_path / "held"
    acts = [{"found": 1}, {"found": 2}, {"hold": str(held)}]
    seen = []
    for item in found("rehearsal", {"acts": acts}, Driving(), str):
        seen.append(item)
        if item == "2":
            until(held.exists)
            break
    until(lambda: not held.exists())
    assert seen == ["1", "2"]
    assert list(found("rehearsal", {"acts": acts[:2]}, Driving(), str)) == ["1", "2"], "a task that ends ends the loop"


async def test_finds_are_looped_over_in_asyncio(tmp_path: Path) -> None:
    held = tmp_path / "held"
    acts = [{"found": 1}, {"hold": str(held)}]

    async def watch() -> None:
        async for _ in found_async("rehearsal", {"acts": acts}, Driving(), str):
            pass

    task = asyncio.create_task(watch())
    await asyncio.to_thread(until, held.exists)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not held.exists()


def test_failures_are_errors_of_ours() -> None:
    with pytest.raises(ConfigError, match="It broke"):
        run("rehearsal", {"acts": [{"fail": "It broke."}]}, Driving())
    with pytest.raises(ConfigError, match="unknown field `act`"):
        run("rehearsal", {"act": []}, Driving())
    with pytest.raises(XanoError, match="panicked"):
        run("rehearsal", {"acts": [{"panic": "asked to"}]}, Driving())
    with pytest.raises(XanoError, match="no task"):
        run("fleet.nonsense", {}, Driving())


@pytest.mark.parametrize("what", ["on_progress", "on_found", "ask"])
def test_an_error_of_a_callback_gives_the_task_up(what: str, tmp_path: Path) -> None:
    def fail(_: object) -> bool:
        raise ZeroDivisionError

    callbacks: dict[str, Any] = {what: fail}
    acts = [*ALL["acts"], {"hold": str(tmp_path / "held")}]
    with pytest.raises(ZeroDivisionError):
        run("rehearsal", {"acts": acts}, Driving(**callbacks))
    until(lambda: not (tmp_path / "held").exists())


def test_what_no_callback_can_be_is_refused() -> None:
    async def coroutine(_: object) -> bool:
        return True

    with pytest.raises(ConfigError, match="on_progress takes a function, not int"):
        Driving(on_progress=7)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="ask is a coroutine function"):
        run("rehearsal", ALL, Driving(ask=coroutine))
    with pytest.raises(ConfigError, match="A decision is True, False"):
        run("rehearsal", ALL, Driving(ask=lambda _: "maybe"))  # type: ignore[arg-type,return-value]


async def test_a_cancelled_task_of_asyncio_gives_the_work_up(tmp_path: Path) -> None:
    held = tmp_path / "held"
    task = asyncio.create_task(run_async("rehearsal", {"acts": [{"hold": str(held)}]}, Driving()))
    await asyncio.to_thread(until, held.exists)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not held.exists(), "its work went on"


PROGRAM = """
import sys
from xano_metadata._tasks import Driving, run
try:
    run("rehearsal", {"acts": [{"hold": sys.argv[1]}]}, Driving())
except KeyboardInterrupt:
    import os
    print("interrupted", os.path.exists(sys.argv[1]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c_gives_the_work_up(tmp_path: Path) -> None:
    held = tmp_path / "held"
    program = subprocess.Popen([sys.executable, "-c", PROGRAM, str(held)], stdout=subprocess.PIPE, text=True)
    until(held.exists)
    program.send_signal(signal.SIGINT)
    output, _ = program.communicate(timeout=20)
    assert output == "interrupted False\n"
    assert program.returncode == 0


def test_a_program_that_ends_with_work_under_way_ends(run_python: Script, tmp_path: Path) -> None:
    code = """
    import sys, threading
    from xano_metadata._tasks import Driving, run, start
    kept = start("rehearsal", {"acts": [{"hold": sys.argv[1]}]}, Driving())
    threading.Thread(target=run, args=("rehearsal", {"acts": [{"hold": sys.argv[2]}]}, Driving()), daemon=True).start()
    while True:
        import os
        if os.path.exists(sys.argv[1]) and os.path.exists(sys.argv[2]):
            break
    print("end")
    """
    done = run_python(code, str(tmp_path / "a"), str(tmp_path / "b"))
    assert (done.returncode, done.stdout) == (0, "end\n"), done.stderr
    assert not list(tmp_path.iterdir()), "what was held is let go at the end"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork of POSIX")
def test_a_forked_child_leaves_its_parents_task_alone(run_python: Script) -> None:
    code = """
    import os
    from xano_metadata import Cancelled
    from xano_metadata._tasks import Driving, run, start
    task = start("rehearsal", {"acts": [{"ask": "Go on?"}]}, Driving())
    child = os.fork()
    if child == 0:
        try:
            task.next()
        except Cancelled as error:
            fresh = run("rehearsal", {"acts": [{"ask": "Go on?"}]}, Driving(ask=lambda _: True))
            os._exit(0 if "forked" in str(error) and fresh["answers"][0]["yes"] else 2)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    number = task.next()["number"]
    assert task.answer(number, True, None)
    print(task.next()["result"]["answers"])
    """
    done = run_python(code)
    assert done.stdout == "[{'yes': True, 'reason': None}]\n", done.stderr


def test_a_loop_that_is_closed_does_not_hurt(tmp_path: Path) -> None:
    held = tmp_path / "held"

    async def main() -> None:
        loop.run_in = asyncio.ensure_future(  # type: ignore[attr-defined]
            run_async("rehearsal", {"acts": [{"hold": str(held)}]}, Driving())
        )
        await asyncio.to_thread(until, held.exists)

    loop = asyncio.new_event_loop()
    loop.run_until_complete(main())
    loop.run_in.cancel()  # type: ignore[attr-defined]
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(loop.run_in)  # type: ignore[attr-defined]
    loop.close()
    assert not held.exists()
    assert run("rehearsal", {}, Driving())["answers"] == []


def test_a_task_that_was_given_up_says_so(tmp_path: Path) -> None:
    held = tmp_path / "held"
    task = start("rehearsal", {"acts": [{"warn": "Careful."}, {"hold": str(held)}]}, Driving())
    until(held.exists)
    task.cancel(2)
    assert task.next()["step"] == "warning", "what was told before is still there"
    with pytest.raises(Cancelled, match="given up"):
        task.next()
    with pytest.raises(ConfigError, match="no more steps"):
        task.next()


def test_places_are_workspaces_and_branches(emulator: Emulator) -> None:
    with emulator.instance() as instance, emulator.instance() as other:
        places = Places()
        workspace = instance.workspace("Main")
        assert places.of(workspace, "source") == {"at": 0, "workspace": "Main"}
        assert places.of(other.workspace(1).branch("v2"), "target") == {"at": 1, "workspace": 1, "branch": "v2"}
        assert places.of(workspace.branch("v1"), "target")["at"] == 0
        assert len(places.connections) == 2
        with pytest.raises(ConfigError, match="target takes a workspace"):
            places.of(instance, "target")
