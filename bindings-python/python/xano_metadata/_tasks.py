"""Driving long work across instances, a step at a time.

A task goes on in the engine by itself. Here its steps are taken: progress, finds and warnings are told, questions are
answered, in the user's thread or event loop, and the result is returned. Whatever ends the taking of steps (Ctrl-C, a
cancelled asyncio task, an error of a callback) gives the task up, and waits a moment until its work is gone, so that
files are whole and a journal is left to whoever goes on with it.

Each room of the fleet (`_fleet_backup.py`, …) starts its tasks here: `run` and `run_async` for work that ends, `found`
and `found_async` for work that is looped over.
"""

# JSON can be anything, so what stands in it is unknown by nature here.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

from xano_metadata._native import Task, dumps
from xano_metadata._report import _Told

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
    from typing import Any, ClassVar, Literal, TypeVar

    from xano_metadata._native import Client, Connection, Fleet

    T = TypeVar("T")

    Step = Mapping[str, Any]
    Decision = bool | tuple[bool, str]
    """Whether to go on, and perhaps why not, or who said yes."""

__all__ = ["Question", "TaskProgress"]

_GONE_WITHIN = 2.0


class TaskProgress(_Told):
    """How far something is."""

    __slots__ = ("done", "total", "unit", "what")
    _defaults: ClassVar[Mapping[str, Any]] = {"what": "", "done": 0, "total": None, "unit": ""}

    what: str
    """What is being worked on, for people."""
    done: int
    """Units that are done."""
    total: int | None
    """Units in all; None where not known."""
    unit: str
    """What is counted, in the plural: `bytes`, `rows`, `tables`."""

    def __repr__(self) -> str:
        of = "" if self.total is None else f" of {self.total:,}"
        return f"<TaskProgress: {self.what}, {self.done:,}{of} {self.unit}>"


class Question(_Told):
    """Something that only the user can decide."""

    __slots__ = ("about", "kind", "text")
    _defaults: ClassVar[Mapping[str, Any]] = {"kind": "", "text": "", "about": None}

    kind: Literal["gate", "check", "confirm"]
    """`gate` (may it go on), `check` (the user's own test), or `confirm` (may something be overwritten)."""
    text: str
    """The question as a sentence."""
    about: dict[str, Any]
    """What it is about, for programs."""

    def __repr__(self) -> str:
        return f"<Question ({self.kind}): {self.text}>"


class Places:
    """Collects the instances that the arguments of a task refer to by number."""

    def __init__(self) -> None:
        """No instances yet."""
        self.connections: list[Connection] = []

    def of(self, node: object, what: str) -> dict[str, Any]:
        """How arguments spell a workspace, or a branch of one; `what` names the argument in the error."""
        from xano_metadata._branch import AsyncBranchNode, SyncBranchNode  # noqa: PLC0415 - loaded with the handles
        from xano_metadata._workspace import AsyncWorkspaceNode, SyncWorkspaceNode  # noqa: PLC0415

        if isinstance(node, (SyncBranchNode, AsyncBranchNode)):
            workspace, branch = node._path
            return {"at": self.at(node._connection), "workspace": workspace, "branch": branch}
        if isinstance(node, (SyncWorkspaceNode, AsyncWorkspaceNode)):
            return {"at": self.at(node._connection), "workspace": node._path[0]}
        raise _config(
            f"{what} takes a workspace such as instance.workspace(1), or a branch of one, not {type(node).__name__}."
        )

    def at(self, connection: Connection) -> int:
        """The number of a connection."""
        for number, known in enumerate(self.connections):
            if known is connection:
                return number
        self.connections.append(connection)
        return len(self.connections) - 1


class Driving:
    """What a room gives to its tasks: live handles and the user's callbacks."""

    __slots__ = ("ask", "client", "fleet", "on_found", "on_progress", "places")

    def __init__(
        self,
        *,
        client: Client | None = None,
        fleet: Fleet | None = None,
        places: Places | None = None,
        on_progress: Callable[[TaskProgress], object] | None = None,
        on_found: Callable[[Any], object] | None = None,
        ask: Callable[[Question], Decision | Awaitable[Decision]] | None = None,
    ) -> None:
        """Handles and callbacks, for the async faces also coroutine functions. Without `ask` all answers are no."""
        for name, callback in (("on_progress", on_progress), ("on_found", on_found), ("ask", ask)):
            if callback is not None and not callable(callback):
                raise _config(f"{name} takes a function, not {type(callback).__name__}.")
        self.client = client
        self.fleet = fleet
        self.places = places
        self.on_progress = on_progress
        self.on_found = on_found
        self.ask = ask


def start(name: str, arguments: Mapping[str, Any], driving: Driving) -> Task:
    """Starts a task; arguments that are None are left out."""
    given = {key: value for key, value in arguments.items() if value is not None}
    connections = [] if driving.places is None else driving.places.connections
    return Task(name, dumps(given, name), driving.client, driving.fleet, connections)


def run(name: str, arguments: Mapping[str, Any], driving: Driving) -> Any:
    """Runs a task to its end and returns its result, as JSON."""
    steps = _steps(start(name, arguments, driving), driving)
    while True:
        try:
            found = next(steps)
        except StopIteration as end:
            return end.value
        if driving.on_found is not None:
            _plain("on_found", driving.on_found(found))


async def run_async(name: str, arguments: Mapping[str, Any], driving: Driving) -> Any:
    """The same for asyncio."""
    task = start(name, arguments, driving)
    ended = False
    try:
        while (step := await _next(task))["step"] != "done":
            if step["step"] == "found":
                if driving.on_found is not None:
                    await _settled(driving.on_found(step["found"]))
            else:
                await _taken_async(task, step, driving)
        ended = True
        return step["result"]
    finally:
        if not ended:
            task.cancel(_GONE_WITHIN)


def found(
    name: str, arguments: Mapping[str, Any], driving: Driving, read: Callable[[Any], T]
) -> Generator[T, None, None]:
    """Loops over what a task finds; it starts with the loop, and leaving the loop gives it up."""
    steps = _steps(start(name, arguments, driving), driving)
    try:
        for item in steps:
            yield read(item)
    finally:
        steps.close()


async def found_async(
    name: str, arguments: Mapping[str, Any], driving: Driving, read: Callable[[Any], T]
) -> AsyncGenerator[T, None]:
    """The same for `async for`."""
    task = start(name, arguments, driving)
    try:
        while (step := await _next(task))["step"] != "done":
            if step["step"] == "found":
                yield read(step["found"])
            else:
                await _taken_async(task, step, driving)
    finally:
        task.cancel(_GONE_WITHIN)


def _steps(task: Task, driving: Driving) -> Generator[Any, None, Any]:
    """Yields what is found, returns the result, and gives the task up when it is left in any other way."""
    ended = False
    try:
        while (step := task.next())["step"] != "done":
            if step["step"] == "found":
                yield step["found"]
            else:
                _taken(task, step, driving)
        ended = True
        return step["result"]
    finally:
        if not ended:
            task.cancel(_GONE_WITHIN)


def _taken(task: Task, step: Step, driving: Driving) -> None:
    if step["step"] == "progress":
        if driving.on_progress is not None:
            _plain("on_progress", driving.on_progress(_progress(step)))
    elif step["step"] == "ask":
        decision = None if driving.ask is None else _plain("ask", driving.ask(_question(step)))
        _answer(task, step, decision)
    else:
        _warn(step)


async def _taken_async(task: Task, step: Step, driving: Driving) -> None:
    if step["step"] == "progress":
        if driving.on_progress is not None:
            await _settled(driving.on_progress(_progress(step)))
    elif step["step"] == "ask":
        decision = None if driving.ask is None else await _settled(driving.ask(_question(step)))
        _answer(task, step, decision)
    else:
        _warn(step)


async def _next(task: Task) -> Step:
    from xano_metadata._bridge import begin, finish  # noqa: PLC0415 - loads asyncio

    completions, future = begin()
    step: Step = await finish(future, task.submit_next(completions, future))
    return step


def _progress(step: Step) -> TaskProgress:
    return TaskProgress(what=step["what"], done=step["done"], total=step["total"], unit=step["unit"])


def _question(step: Step) -> Question:
    return Question(kind=step["kind"], text=step["text"], about=step["about"])


def _answer(task: Task, step: Step, decision: object) -> None:
    if decision is None:
        decision = (False, "nobody was there to decide")
    yes, reason = decision if isinstance(decision, tuple) and len(decision) == 2 else (decision, None)
    if not isinstance(yes, bool) or not isinstance(reason, (str, type(None))):
        raise _config(f"A decision is True, False, or a pair of one of them and a reason, not {decision!r}.")
    task.answer(step["number"], yes, reason)


def _warn(step: Step) -> None:
    from warnings import warn  # noqa: PLC0415 - only warnings need it

    # Whose line it is depends on how deep the face is that was called; it is the text that matters.
    warn(step["message"], stacklevel=4)


async def _settled(value: Any) -> Any:
    """What a callback gave, awaited when it was a coroutine function."""
    return await value if hasattr(value, "__await__") else value


def _plain(name: str, value: Any) -> Any:
    if hasattr(value, "__await__"):
        if hasattr(value, "close"):
            value.close()
        raise _config(f"{name} is a coroutine function here, which only the async faces can await.")
    return value


def _config(message: str) -> Exception:
    from xano_metadata.errors import ConfigError  # noqa: PLC0415 - only faults need it

    return ConfigError(message)
