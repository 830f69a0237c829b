"""Drift is found on altered copies of our own OpenAPI file, read as JSON and as YAML."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from codegen.drift import compare, main, read_spec
from codegen.emit_openapi import document
from codegen.tests.helpers import fixture

OURS = document(fixture(), "instance")


def altered() -> dict[str, Any]:
    return copy.deepcopy(OURS)


def test_an_unaltered_copy_does_not_drift() -> None:
    assert not compare(OURS, altered())
    assert str(compare(OURS, altered())) == "no drift"


def test_added_and_removed_operations_are_named() -> None:
    theirs = altered()
    theirs["paths"]["/shelf/{number}/paint"] = {"post": {"responses": {}}}
    del theirs["paths"]["/shelf/{shelf_id}"]["delete"]
    drift = compare(OURS, theirs)
    assert drift.added == ["POST /shelf/{}/paint"]
    assert drift.removed == ["DELETE /shelf/{}"]


def test_a_renamed_path_parameter_is_no_drift() -> None:
    theirs = altered()
    theirs["paths"] = {path.replace("shelf_id", "id"): item for path, item in theirs["paths"].items()}
    assert not compare(OURS, theirs)


def test_changed_parameters_bodies_and_answers_are_named() -> None:
    theirs = altered()
    parameters = theirs["paths"]["/shelf"]["get"]["parameters"]
    by_name = {p["name"]: p for p in parameters}
    by_name["search"]["required"] = True
    by_name["per_page"]["schema"]["type"] = "string"
    by_name["order"]["schema"]["enum"].append("random")
    parameters.append({"name": "colour", "in": "query", "schema": {"type": "string"}})
    body = theirs["paths"]["/shelf/{shelf_id}/row"]["delete"]["requestBody"]["content"]["application/json"]["schema"]
    del body["properties"]["reset"]
    theirs["components"]["schemas"]["ShelfSize"]["properties"]["depth"] = {"type": "number"}
    assert compare(OURS, theirs).changed[:6] == [
        "DELETE /shelf/{}/row: body.reset is gone (was boolean required)",
        "GET /shelf: answer.items[].size.depth is new (number)",
        "GET /shelf: query colour is new (string)",
        "GET /shelf: query order was enum(asc|desc), is enum(asc|desc|random)",
        "GET /shelf: query per_page was integer, is string",
        "GET /shelf: query search was string, is string required",
    ]


@pytest.mark.parametrize("write", [json.dumps, yaml.safe_dump])
def test_files_are_read_as_json_and_yaml(write: Any, tmp_path: Path) -> None:
    file = tmp_path / "spec"
    file.write_text(write(OURS), encoding="utf-8")
    assert not compare(OURS, read_spec(str(file)))


def test_what_is_no_openapi_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "spec"
    file.write_text("hello", encoding="utf-8")
    with pytest.raises(SystemExit, match="no `paths`"):
        read_spec(str(file))
    with pytest.raises(SystemExit, match="only https"):
        read_spec("http://example.com/spec")


def test_the_command_compares_with_the_repositorys_table(capsys: pytest.CaptureFixture[str]) -> None:
    root = Path(__file__).resolve().parents[2]
    assert main([str(root / "openapi" / "instance.json")]) == 0
    assert capsys.readouterr().out == "no drift\n"
