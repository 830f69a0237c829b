"""Moving changes through environments: `deploy`, `resume`, `revert`, and their twins for asyncio.

>>> from xano_metadata import Stage, deploy
>>> from xano_metadata.testing import Emulator
>>> with Emulator(seed_demo=True) as emulator, emulator.instance() as instance:
...     main = instance.workspace("Main")
...     plan = deploy(main.branch("next"), [Stage("prod", main, protected=True)])
...     print(plan.outcome, plan.stages[0].preview.changes)
planned [<function order_total changed>]
"""

# JSON can be anything, so what stands in it is unknown by nature here.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

from xano_metadata._fleet_deployment import Deployment, DeploymentStep
from xano_metadata._tasks import Driving, Places, run, run_async

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from os import PathLike
    from typing import Any, Literal

    from xano_metadata._branch import AsyncBranchNode, SyncBranchNode
    from xano_metadata._fleet import AsyncFleet, Fleet
    from xano_metadata._tasks import Decision, Question, TaskProgress
    from xano_metadata._workspace import AsyncWorkspaceNode, SyncWorkspaceNode

    Place = SyncWorkspaceNode | SyncBranchNode | AsyncWorkspaceNode | AsyncBranchNode
    Source = Place | str | PathLike[str]
    Path = str | PathLike[str]
    Check = Callable[[Question], Decision]
    Gate = Callable[[Question], Decision] | Literal[False]
    AsyncCheck = Callable[[Question], Decision | Awaitable[Decision]]
    AsyncGate = Callable[[Question], Decision | Awaitable[Decision]] | Literal[False]
    OnProgress = Callable[[TaskProgress], object]
    OnStep = Callable[[DeploymentStep], object]

__all__ = [
    "Stage",
    "deploy",
    "deploy_async",
    "deployment",
    "resume",
    "resume_async",
    "revert",
    "revert_async",
]


class Stage:
    """A workspace that gets the new version."""

    __slots__ = ("name", "place", "protected")

    name: str
    """What it is called: `dev`, `staging`, `prod`."""
    place: Place
    """The workspace."""
    protected: bool
    """Whether somebody has to say yes before anything is written to it, and again before it goes live."""

    def __init__(self, name: str, place: Place, *, protected: bool = False) -> None:
        """Makes a stage.

        Args:
            name: What it is called: `dev`, `staging`, `prod`.
            place: The workspace. A branch of it means that this one has to be live when the deployment begins.
            protected: Whether somebody has to say yes before anything is written to it, and again before it goes live.
        """
        self.name = name
        self.place = place
        self.protected = protected

    def __repr__(self) -> str:
        return f"<Stage {self.name}{', protected' if self.protected else ''}: {self.place!r}>"


def deploy(
    source: Source,
    stages: Iterable[Stage],
    *,
    check: Check | None = None,
    gate: Gate | None = None,
    dry_run: bool = True,
    journal: Path | None = None,
    tests: bool = True,
    require_tests: bool = False,
    backups: Path | None = "backups",
    backup_password: str | None = None,
    delete: bool = True,
    drop_tables: bool = False,
    allow_loss: bool = False,
    compare: bool = True,
    keep_branch: bool = True,
    fleet: Fleet | AsyncFleet | None = None,
    settle: float = 1.0,
    on_step: OnStep | None = None,
    on_progress: OnProgress | None = None,
) -> Deployment:
    """Moves a version through stages, one after the other; unless told otherwise it only says what it would do.

    In every stage: a preview, a safety backup, a new branch (a clone of the live one) over which the source is written,
    tests, your check, the gate, going live, and a last look. What fails puts the stage back to the version from before
    and ends the deployment. A journal is written before and after every step, so a deployment that was killed is
    resumed or reverted.

    Args:
        source: A branch, a workspace (its live branch), a folder of `*.xs` files as a `Path`, or the text of XanoScript
            documents with a line `---` between them.
        stages: Where it goes, in this order.
        check: Your own test of each new branch, called with a `Question` whose `about` says where it is. It returns
            True, or False, or either with a reason; what it raises is a reason as well.
        gate: Asked before a stage goes live, with a `Question`; returns as `check` does. For protected stages, and
            where tables would change for all branches at once, it is asked before anything is written as well. Without
            one the answer is no; False asks for protected stages alone.
        dry_run: Only say what would be done. Nothing is written to any server.
        journal: The journal's file, in a folder that exists. Default: the deployment's label with `.json`, here.
        tests: Whether the unit tests and workflow tests of the new branch are run. What they do is real.
        require_tests: Whether a stage whose tests did not run, or that has none, fails.
        backups: The folder of the safety backups. None: none are made.
        backup_password: What encrypts them. It is not kept: resuming needs it again.
        delete: Whether objects that the source lacks are deleted, apart from tables.
        drop_tables: Whether tables that the source lacks are deleted as well, with their records.
        allow_loss: Whether it may go on although records would lose values.
        compare: Whether a source that is a place is compared with each stage thing by thing, besides the comparison of
            their texts. It takes some fifty requests a stage.
        keep_branch: Whether the new branch stays when its stage failed, so that it can be looked at.
        fleet: A fleet whose protected environments make the stages on their instances protected.
        settle: Seconds after which a lost answer is looked for a second time.
        on_step: Called with each step when it begins and when it ends.
        on_progress: Called with how far a backup or a comparison is.

    Returns:
        What it came to. What fails on the way is in it and not raised: look at `ok`, or print it.

    Raises:
        ConfigError: The source or a stage cannot be used.
        RefusedError: There is a journal with this name already.
        XanoError: A stage cannot be reached.
    """
    arguments, driving = _begun(
        source,
        stages,
        {
            "dry_run": dry_run,
            "journal": _path(journal, "journal"),
            "backup_password": backup_password,
            "settle": settle,
            "rules": {
                "check": check is not None,
                "gate": gate is not False,
                "tests": tests,
                "require_tests": require_tests,
                "backups": _path(backups, "backups"),
                "delete": delete,
                "drop_tables": drop_tables,
                "allow_loss": allow_loss,
                "compare": compare,
                "keep_branch": keep_branch,
            },
        },
        fleet,
        (check, gate, on_step, on_progress),
    )
    return Deployment(run("deploy.run", arguments, driving))


async def deploy_async(
    source: Source,
    stages: Iterable[Stage],
    *,
    check: AsyncCheck | None = None,
    gate: AsyncGate | None = None,
    dry_run: bool = True,
    journal: Path | None = None,
    tests: bool = True,
    require_tests: bool = False,
    backups: Path | None = "backups",
    backup_password: str | None = None,
    delete: bool = True,
    drop_tables: bool = False,
    allow_loss: bool = False,
    compare: bool = True,
    keep_branch: bool = True,
    fleet: Fleet | AsyncFleet | None = None,
    settle: float = 1.0,
    on_step: OnStep | None = None,
    on_progress: OnProgress | None = None,
) -> Deployment:
    """Moves a version through stages: `deploy` for asyncio, same arguments. Callbacks may be coroutine functions."""
    arguments, driving = _begun(
        source,
        stages,
        {
            "dry_run": dry_run,
            "journal": _path(journal, "journal"),
            "backup_password": backup_password,
            "settle": settle,
            "rules": {
                "check": check is not None,
                "gate": gate is not False,
                "tests": tests,
                "require_tests": require_tests,
                "backups": _path(backups, "backups"),
                "delete": delete,
                "drop_tables": drop_tables,
                "allow_loss": allow_loss,
                "compare": compare,
                "keep_branch": keep_branch,
            },
        },
        fleet,
        (check, gate, on_step, on_progress),
    )
    return Deployment(await run_async("deploy.run", arguments, driving))


def resume(
    journal: Path,
    stages: Iterable[Stage],
    *,
    check: Check | None = None,
    gate: Gate | None = None,
    backup_password: str | None = None,
    fleet: Fleet | AsyncFleet | None = None,
    settle: float = 1.0,
    on_step: OnStep | None = None,
    on_progress: OnProgress | None = None,
) -> Deployment:
    """Goes on with a deployment that was killed, refused, or failed, from the step it had come to.

    What became of a step that was in flight is looked up at the server. What the deployment keeps to (whether there is
    a check, whether tests are required, …) and its source are those it was begun with.

    Args:
        journal: The journal's file.
        stages: The stages it was begun with, which bring the ways to their servers.
        check: As for `deploy`.
        gate: As for `deploy`.
        backup_password: As for `deploy`.
        fleet: As for `deploy`.
        settle: As for `deploy`.
        on_step: As for `deploy`.
        on_progress: As for `deploy`.

    Returns:
        What it came to.

    Raises:
        RefusedError: The journal is in use, is of other stages, or of a deployment that was reverted.
        ConfigError: There is no such file.
        DecodeError: It is no journal of a deployment.
    """
    again = {"backup_password": backup_password, "settle": settle}
    arguments, driving = _again(journal, stages, again, fleet, (check, gate, on_step, on_progress))
    return Deployment(run("deploy.resume", arguments, driving))


async def resume_async(
    journal: Path,
    stages: Iterable[Stage],
    *,
    check: AsyncCheck | None = None,
    gate: AsyncGate | None = None,
    backup_password: str | None = None,
    fleet: Fleet | AsyncFleet | None = None,
    settle: float = 1.0,
    on_step: OnStep | None = None,
    on_progress: OnProgress | None = None,
) -> Deployment:
    """Goes on with a deployment: `resume` for asyncio, same arguments. Callbacks may be coroutine functions."""
    again = {"backup_password": backup_password, "settle": settle}
    arguments, driving = _again(journal, stages, again, fleet, (check, gate, on_step, on_progress))
    return Deployment(await run_async("deploy.resume", arguments, driving))


def revert(
    journal: Path,
    stages: Iterable[Stage],
    *,
    gate: Gate | None = None,
    keep_branch: bool | None = None,
    fleet: Fleet | AsyncFleet | None = None,
    settle: float = 1.0,
) -> Deployment:
    """Takes a deployment back, however it ended: every stage runs the version from before again, the last stage first.

    What a push did to tables stays, as tables belong to all branches; the deployment says so and names the backup.

    Args:
        journal: The journal's file.
        stages: The stages it was begun with.
        gate: Asked for protected stages; without one the answer is no.
        keep_branch: Whether the new branches stay. Default: as the deployment was told.
        fleet: As for `deploy`.
        settle: As for `deploy`.

    Returns:
        What it came to.

    Raises:
        RefusedError: The journal is in use, or is of other stages.
        ConfigError: There is no such file.
        DecodeError: It is no journal of a deployment.
    """
    again = {"keep_branch": keep_branch, "settle": settle}
    arguments, driving = _again(journal, stages, again, fleet, (None, gate, None, None))
    return Deployment(run("deploy.revert", arguments, driving))


async def revert_async(
    journal: Path,
    stages: Iterable[Stage],
    *,
    gate: AsyncGate | None = None,
    keep_branch: bool | None = None,
    fleet: Fleet | AsyncFleet | None = None,
    settle: float = 1.0,
) -> Deployment:
    """Takes a deployment back: `revert` for asyncio, same arguments. `gate` may be a coroutine function."""
    again = {"keep_branch": keep_branch, "settle": settle}
    arguments, driving = _again(journal, stages, again, fleet, (None, gate, None, None))
    return Deployment(await run_async("deploy.revert", arguments, driving))


def deployment(journal: Path) -> Deployment:
    """How far a deployment is, from its journal alone; no server is asked.

    Args:
        journal: The journal's file.

    Raises:
        ConfigError: There is no such file.
        DecodeError: It is no journal of a deployment.
    """
    return Deployment(run("deploy.status", {"journal": _path(journal, "journal")}, Driving()))


def _begun(
    source: Any, stages: Iterable[Stage], options: dict[str, Any], fleet: Any, callbacks: tuple[Any, Any, Any, Any]
) -> tuple[dict[str, Any], Driving]:
    places = Places()
    if isinstance(source, str):
        given: dict[str, Any] = {"text": source}
    elif hasattr(source, "__fspath__"):
        given = {"folder": _path(source, "source")}
    else:
        given = {"place": places.of(source, "source")}
    # `gate` and the like are left at their defaults where they are None; a folder of backups that is None is meant so.
    options = {key: value for key, value in options.items() if value is not None}
    arguments = {"source": given, "stages": _stages(stages, places), "options": options}
    return arguments, _driving(places, fleet, callbacks)


def _again(
    journal: Any, stages: Iterable[Stage], options: dict[str, Any], fleet: Any, callbacks: tuple[Any, Any, Any, Any]
) -> tuple[dict[str, Any], Driving]:
    places = Places()
    options = {key: value for key, value in options.items() if value is not None}
    arguments = {"journal": _path(journal, "journal"), "stages": _stages(stages, places), "options": options}
    return arguments, _driving(places, fleet, callbacks)


def _stages(stages: Iterable[Stage], places: Places) -> list[dict[str, Any]]:
    given = list(stages)
    for stage in given:
        if not isinstance(stage, Stage):
            raise _config(f"stages takes a list of Stage, not one with {type(stage).__name__}.")
    return [
        {"name": stage.name, "place": places.of(stage.place, f"Stage {stage.name}"), "protected": stage.protected}
        for stage in given
    ]


def _driving(places: Places, fleet: Any, callbacks: tuple[Any, Any, Any, Any]) -> Driving:
    """What drives the task; the callbacks are `check`, `gate`, `on_step` and `on_progress`."""
    check, gate, on_step, on_progress = callbacks
    for name, callback in (("check", check), ("gate", gate or None), ("on_step", on_step)):
        if callback is not None and not callable(callback):
            raise _config(f"{name} takes a function, not {type(callback).__name__}.")

    def ask(question: Question) -> Any:
        if question.kind == "check" and check is not None:
            return _checked(check, question)
        if question.kind == "gate" and gate:
            return gate(question)
        return False, f"nobody was there to decide: no {question.kind} was given"

    def on_found(found: dict[str, Any]) -> object:
        if on_step is None or found.get("event") != "step":
            return None
        return on_step(DeploymentStep({key: found.get(key) for key in ("stage", "step", "state", "note")}))

    native = None if fleet is None else fleet._native
    return Driving(fleet=native, places=places, on_progress=on_progress, on_found=on_found, ask=ask)


def _checked(check: Callable[[Question], Any], question: Question) -> Any:
    """A test fails by raising as well as by answering."""
    try:
        answer = check(question)
    except Exception as error:
        return False, _reason(error)
    return _awaited(answer) if hasattr(answer, "__await__") else _plain(answer)


async def _awaited(answer: Awaitable[Any]) -> Any:
    try:
        return _plain(await answer)
    except Exception as error:
        return False, _reason(error)


def _plain(answer: Any) -> Any:
    return (False, "the check returned None, which is neither True nor False") if answer is None else answer


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _path(path: Any, what: str) -> str | None:
    from os import fspath  # noqa: PLC0415 - loaded when it is used

    if path is None:
        return None
    text = fspath(path) if isinstance(path, str) or hasattr(path, "__fspath__") else None
    if not isinstance(text, str):
        raise _config(f"{what} takes a path, not {type(path).__name__}.")
    return text


def _config(message: str) -> Exception:
    from xano_metadata.errors import ConfigError  # noqa: PLC0415 - only faults need it

    return ConfigError(message)
