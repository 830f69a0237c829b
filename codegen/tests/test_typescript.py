"""The TypeScript emitter: what it writes type-checks strictly, and sends what the table says.

The fixture table is emitted beside the real heart (`bindings-node/ts`), compiled, and used by
`fixtures/typescript/use.ts` over a fake native side.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from codegen import emit_typescript
from codegen.__main__ import ROOT
from codegen.syntax import TableError
from codegen.tests.helpers import FIXTURES, fixture, model

WORK = ROOT / "target" / "codegen-tests" / "typescript"
NEEDS_THE_REAL_TABLE = (
    "branch.ts",
    "cli.ts",
    "client.ts",
    "index.ts",
    "jobs.ts",
    "reader.ts",
    "record-options.ts",
    "records.ts",
    "tasks.ts",
    "testing.ts",
    "workspace.ts",
)


def source(name: str) -> str:
    """One file that the emitter makes of the fixture."""
    return emit_typescript.emit(fixture()).files[f"{emit_typescript.FOLDER}/{name}"]


@pytest.fixture(scope="module")
def outcome() -> dict[str, Any]:
    """What `use.ts` prints after a strict compilation."""
    shutil.rmtree(WORK, ignore_errors=True)
    (WORK / "ts").mkdir(parents=True)
    for file in (ROOT / "bindings-node" / "ts").glob("*.ts"):
        if file.name not in NEEDS_THE_REAL_TABLE and not file.name.startswith("fleet"):
            shutil.copy(file, WORK / "ts")
    for file in (FIXTURES / "typescript").glob("*.ts"):
        shutil.copy(file, WORK / "ts")
    for path, text in emit_typescript.emit(fixture()).files.items():
        target = WORK / "ts" / "generated" / Path(path).name
        target.parent.mkdir(exist_ok=True)
        target.write_text(text, encoding="utf-8")
    shutil.copy(ROOT / "bindings-node" / "tsconfig.json", WORK)
    tsc = ROOT / "node_modules" / ".bin" / "tsc"
    # Declarations stay whole: `use.ts` makes roots out of a connection, as the hand-written classes do.
    done = subprocess.run(
        [tsc, "-p", WORK, "--stripInternal", "false"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout
    native = WORK / "dist" / "cjs" / "native.js"
    native.write_text("exports.native = () => require('./fake.js').native()\n", encoding="utf-8")
    done = subprocess.run(
        ["node", WORK / "dist" / "cjs" / "use.js"], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def sent(outcome: dict[str, Any], operation: str, nth: int = 0) -> tuple[str, Any, Any]:
    """Kind, parameters and body of the nth request of an operation."""
    row = [r for r in outcome["sent"] if r["operation"] == operation][nth]
    parameters = json.loads(row["parameters"]) if row["parameters"] else {}
    return row["kind"], {k: v for k, v in parameters.items() if v != []}, row["body"]


def test_answers_keep_what_is_not_in_the_table(outcome: dict[str, Any]) -> None:
    assert outcome["results"]["me"] == {"id": "u1", "all": {"id": "u1", "name": "Ada", "unknown": [1]}}


def test_a_list_is_a_pager(outcome: dict[str, Any]) -> None:
    results = outcome["results"]
    assert results["all"] == ["a", "b", "c"]
    assert results["first"] == {"names": ["a"], "length": 1, "next": 2}
    assert results["seen"] == [1, 2]
    kind, parameters, body = sent(outcome, "instance.shelves.list")
    assert (kind, body) == ("pages", None)
    assert parameters == {"query": [["page", 2], ["search", "ü"], ["order", "desc"]]}
    assert sent(outcome, "instance.shelves.list", 1)[1] == {"options": {"prefetch": 0}}


def test_fields_or_a_script_are_sent_and_a_repeated_query_goes_both_ways(outcome: dict[str, Any]) -> None:
    _, parameters, body = sent(outcome, "instance.shelves.create")
    assert parameters == {"query": [["branch", "v2"]]}
    assert json.loads(body["json"]) == {"name": "x", "size": {"width": 2.5}, "parent": None, "branch": "v2"}
    _, parameters, body = sent(outcome, "instance.shelves.create", 1)
    assert parameters == {"query": [["branch", "v2"], ["publish", False]]}
    assert body == {"script": "shelf {}"}
    assert "name cannot go with it" in outcome["results"]["both"]
    assert sent(outcome, "instance.shelf.set_script")[2] == {"script": "shelf { }"}


def test_handles_bind_path_parameters_by_id_or_name(outcome: dict[str, Any]) -> None:
    _, parameters, _ = sent(outcome, "instance.shelf.get")
    assert parameters == {"path": [7], "query": [["include_xanoscript", True], ["type", "t"]]}
    assert sent(outcome, "instance.shelf.get", 1)[1] == {"path": ["by name"]}
    assert sent(outcome, "instance.shelf.box.get")[1] == {"path": [7, "b/c"]}
    assert "shelf_id is missing" in outcome["results"]["unbound"]


def test_null_is_sent_and_undefined_is_not(outcome: dict[str, Any]) -> None:
    _, parameters, body = sent(outcome, "instance.shelf.update")
    assert parameters == {"path": [2**60]}
    assert json.loads(body["json"]) == {"name": None, "tags": ["a", "b"]}
    _, parameters, body = sent(outcome, "instance.shelf.rows.create")
    assert parameters == {"path": [7], "headers": [["x-data-source", "test"]], "options": {"timeout": 5000}}
    assert body["json"] == '{"big":1152921504606846976,"when":"1970-01-01T00:00:00.000Z"}'


def test_a_delete_may_have_a_body(outcome: dict[str, Any]) -> None:
    assert sent(outcome, "instance.shelf.rows.truncate")[2] == {"json": '{"reset":true}'}
    assert "truncated" not in outcome["results"]


def test_texts_files_streams_and_events(outcome: dict[str, Any]) -> None:
    results = outcome["results"]
    assert results["text"] == "script text"
    assert results["lid"] == "red"
    assert results["fileId"] == "uuid"
    assert results["bytes"] == "abc"
    assert results["events"] == [
        {"event": "made", "id": None, "data": {"n": 1}},
        {"event": "message", "id": "9", "data": "two\nlines"},
    ]
    content, kind = sent(outcome, "instance.shelf.files.upload")[2]["form"]
    assert content["name"] == "content"
    assert (content["fileName"], content["contentType"]) == ("a.txt", "text/plain")
    assert bytes(content["data"]["data"]) == b"abc"
    assert kind == {"name": "type", "text": "image"}
    archive, password = sent(outcome, "instance.shelf.import")[2]["form"]
    assert archive["contentType"] == "application/gzip"
    assert password == {"name": "password", "text": "p"}


def test_bad_input_is_refused_with_a_reason(outcome: dict[str, Any]) -> None:
    results = outcome["results"]
    assert 'no parameter "pag"' in results["typo"]
    assert "reset is missing" in results["missing"]
    assert "search cannot be null" in results["nulled"]
    assert results["nan"].startswith("row.deep[0].x is NaN")
    assert results["ring"].startswith("row.self contains itself")
    assert '"timeOut"' in results["option"]


def test_the_documentation_says_what_the_table_says() -> None:
    shelves = source("instance-shelves.ts")
    for told in (
        "**This cannot be undone.**",
        "Token scope: Shelf: Delete. `DELETE /shelf/{shelf_id}`",
        "@deprecated boxes went out of use; read the shelf instead.",
        "A box without a lid answers 404.",
        "Not in the published reference",
        "@param boxName - Name of the box.",
        "The server assumes `50` when this is left out.",
    ):
        assert told in shelves
    assert "@deprecated Use `name`" in source("types.ts")


def test_a_type_used_on_both_sides_becomes_two() -> None:
    both = model(
        """
        api: instance
        family: Things
        type Thing "A thing" {id!: int "Id", note: string? "Note"}
        handle things "Things"
        POST /thing
          name: things.create
          doc: Creates.
          src: reference
          scope: -
          body(json): {thing!: Thing "The thing"}
          200(json): Thing
        """
    )
    types = emit_typescript.emit(both).files[f"{emit_typescript.FOLDER}/types.ts"]
    assert "export interface Thing {" in types
    assert "export interface ThingInput {" in types


def test_a_name_that_classes_need_is_refused() -> None:
    table = model(
        """
        api: instance
        family: Things
        handle things "Things"
        GET /thing
          name: things.then
          doc: Reads.
          src: reference
          scope: -
          200(json): any
        """
    )
    with pytest.raises(TableError, match="cannot be a name in TypeScript"):
        emit_typescript.emit(table)


def test_more_in_a_module_changes_the_base_class() -> None:
    (text,) = [t for t in emit_typescript.emit(fixture()).files.values() if "class ShelfRows " in t]
    assert "class ShelfRows extends RecordsResource {" in text
    assert "import { RecordsResource } from '../records.js'" in text
