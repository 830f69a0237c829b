"""What a deployment came to: exactly what was done, and what was not."""

# JSON can be anything, so what stands in it is unknown by nature here.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

from xano_metadata._model import Model, _escape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar, Literal

    import pandas

__all__ = [
    "Deployment",
    "DeploymentChange",
    "DeploymentPreview",
    "DeploymentSource",
    "DeploymentStage",
    "DeploymentStep",
    "DeploymentTests",
    "DeploymentTrouble",
]

COLUMNS = ("stage", "instance", "workspace", "protected", "live", "step", "state", "at", "note")

_COLOURS = {"done": "#1a7f37", "failed": "#cf222e", "unknown": "#bc4c00", "undone": "#9a6700"}


class DeploymentSource(Model):
    """Where the new version comes from."""

    __slots__ = ()

    kind: Literal["place", "text", "folder"]
    """What it is."""
    at: str
    """Which: a branch with its workspace and instance, or the folder's path."""
    documents: int
    """How many documents it has."""
    sha256: str
    """The SHA-256 of its text, in hex."""


class DeploymentStep(Model):
    """A step of a stage."""

    __slots__ = ()

    stage: str | None
    """The stage; told to `on_step` alone."""
    step: Literal["preview", "approve", "backup", "branch", "push", "test", "check", "gate", "live", "verify"]
    """Which."""
    state: Literal["not_done", "begun", "unknown", "done", "skipped", "failed", "undone"]
    """How far it is; `unknown`: it was begun, and it is not known whether it happened."""
    at: str | None
    """When that was written down, RFC 3339 in UTC."""
    note: str | None
    """More about it: who said yes, why it failed, where the backup is."""

    def __repr__(self) -> str:
        note = f" ({self['note']})" if self.get("note") else ""
        stage = f"{self['stage']}: " if self.get("stage") else ""
        return f"<DeploymentStep {stage}{self['step']} {self['state']}{note}>"


class DeploymentChange(Model):
    """A document that differs between the source and what is live."""

    __slots__ = ()

    change: Literal["added", "removed", "changed"]
    """`added`: the source has it, the stage has not."""
    kind: str
    """The word its document begins with: `function`, `table`, `query`, …"""
    name: str
    """Its name; endpoints with verb and group: `GET shop/product`."""

    def __repr__(self) -> str:
        return f"<{self['kind']} {self['name']} {self['change']}>"


class DeploymentPreview(Model):
    """What a stage would get, or got."""

    __slots__ = ()
    _nested: ClassVar[dict[str, str]] = {"changes": "[DeploymentChange]"}

    equal: bool
    """Nothing differs: the stage has it all already."""
    changes: list[DeploymentChange]
    """What differs between the source and the live branch."""
    server: list[dict[str, Any]] | None
    """What the server's own dry run says it would do: `action`, `kind`, `name`, `details`. None: it offers none."""
    comparison: dict[str, Any] | None
    """The comparison thing by thing, for a source that is a workspace or a branch."""
    shared: list[str]
    """Tables that change for all branches at once, as soon as the source is pushed."""
    kept: list[str]
    """Tables that the source lacks and that stay."""
    losses: list[str]
    """What records would lose."""


class DeploymentTests(Model):
    """How the tests of a new branch went."""

    __slots__ = ()

    verdict: Literal["passed", "failed", "none", "not_run"]
    """`none`: there are no tests. `not_run`: at least one could not be run here."""
    passed: int
    """How many passed."""
    failed: list[dict[str, Any]]
    """Those that did not: `kind`, `name`, `message`."""
    not_run: list[dict[str, Any]]
    """Those that could not be run, or listed: `kind`, `name`, `message`."""


class DeploymentTrouble(Model):
    """Why a deployment did not go on."""

    __slots__ = ()

    stage: str
    """The stage."""
    step: str
    """The step."""
    message: str
    """What happened."""
    error: dict[str, Any]
    """The error: `code`, `message`, `status`, `hint` and the other fields of `XanoError`."""


class DeploymentStage(Model):
    """A stage of a deployment."""

    __slots__ = ()
    _nested: ClassVar[dict[str, str]] = {
        "preview": "DeploymentPreview",
        "tests": "DeploymentTests",
        "steps": "[DeploymentStep]",
    }

    name: str
    """Its name."""
    instance: str
    """The base URL of its instance."""
    workspace: int
    """The number of its workspace."""
    workspace_name: str
    """The name of its workspace."""
    protected: bool
    """Whether somebody is asked before anything is written to it."""
    previous: str | None
    """The branch that was live before."""
    branch: str
    """The new branch."""
    branch_left: bool
    """Whether the new branch is still there."""
    live: Literal["previous", "new", "unknown", "other"]
    """Which of them is live; `other`: somebody else made a third one live."""
    preview: DeploymentPreview | None
    """What would change, and what did."""
    backup: str | None
    """The file of the safety backup."""
    tests: DeploymentTests | None
    """How the tests went."""
    steps: list[DeploymentStep]
    """Its steps, in their order."""


class Deployment(Model):
    """A deployment. As text it says exactly what was done and what was not; a notebook shows it as a table."""

    __slots__ = ()
    _nested: ClassVar[dict[str, str]] = {
        "source": "DeploymentSource",
        "stages": "[DeploymentStage]",
        "trouble": "DeploymentTrouble",
    }

    ok: bool
    """It is complete, or reverted, or was only to be planned and can be done."""
    outcome: Literal["planned", "complete", "failed", "refused", "reverted", "interrupted"]
    """How it ended; `interrupted`: its process was killed, or is still at work."""
    label: str
    """Its label, which is that of its branches."""
    journal: str | None
    """The journal's file; None for a dry run."""
    running: bool
    """Whether a process is at work with it."""
    resumed: int
    """How often it was gone on with."""
    created_at: str
    """When it was begun, RFC 3339 in UTC."""
    updated_at: str
    """When it was last written down."""
    source: DeploymentSource
    """Where the new version comes from."""
    stages: list[DeploymentStage]
    """The stages, in their order."""
    trouble: DeploymentTrouble | None
    """Why it did not go on."""
    warnings: list[str]
    """What should be known besides."""
    done: list[str]
    """What was done: `prod: push`."""
    not_done: list[str]
    """What was not done, failed steps and those that were not wanted included."""
    undone: list[str]
    """What was done and taken back."""
    unknown: list[str]
    """What was begun and of which it is not known whether it happened."""

    def rows(self) -> list[dict[str, Any]]:
        """Flat rows, one for each step of each stage, always with the same columns."""
        return [
            {
                "stage": stage["name"],
                "instance": stage["instance"],
                "workspace": stage["workspace_name"],
                "protected": stage["protected"],
                "live": stage["live"],
                **{key: step[key] for key in ("step", "state", "at", "note")},
            }
            for stage in self["stages"]
            for step in stage["steps"]
        ]

    def to_pandas(self) -> pandas.DataFrame:
        """The rows as a data frame of pandas, which has to be installed."""
        from xano_metadata._frames import require  # noqa: PLC0415 - only frames need it

        frame: pandas.DataFrame = require("pandas", "to_pandas").DataFrame(self.rows(), columns=list(COLUMNS))
        return frame

    def __str__(self) -> str:
        return str(self["text"]).rstrip()

    def __repr__(self) -> str:
        return f"<Deployment {self['label']}: {self['outcome']}>"

    def _repr_html_(self) -> str:
        steps = [step["step"] for step in self["stages"][0]["steps"]]
        head = "".join(f"<th style='text-align:left'>{name}</th>" for name in ("stage", "live", *steps))
        body = "".join(f"<tr>{_cells(stage)}</tr>" for stage in self["stages"])
        trouble = self["trouble"]
        why = f"<p>{_escape(trouble['stage'])}: {_escape(trouble['message'])}</p>" if trouble else ""
        caption = _escape(f"Deployment {self['label']}: {self['outcome']}")
        return f"<table><caption>{caption}</caption><tr>{head}</tr>{body}</table>{why}"


def _cells(stage: dict[str, Any]) -> str:
    cells = [_escape(f"{stage['name']} ({stage['workspace_name']})"), _escape(stage["live"])]
    for step in stage["steps"]:
        colour = _COLOURS.get(step["state"], "inherit")
        shown = _escape(step["state"].replace("_", " "))
        cells.append(f"<span style='color:{colour}' title='{_escape(step['note'] or '')}'>{shown}</span>")
    return "".join(f"<td>{cell}</td>" for cell in cells)
