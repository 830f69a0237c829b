"""The OpenAPI documents say the same as the table."""

from __future__ import annotations

import json
from typing import Any

from codegen.emit_docs import emit as emit_docs
from codegen.emit_openapi import document, emit
from codegen.tests.helpers import fixture


def doc() -> dict[str, Any]:
    return document(fixture(), "instance")


def test_every_operation_and_nothing_else_is_there() -> None:
    ids = [o["operationId"] for path in doc()["paths"].values() for o in path.values()]
    assert sorted(ids) == sorted(o.id for o in fixture().operations if o.api == "instance")


def test_every_reference_resolves() -> None:
    document_ = doc()
    schemas = document_["components"]["schemas"]
    responses = document_["components"]["responses"]
    text = json.dumps(document_)
    for part in text.split('"$ref": "')[1:]:
        _, _, kind, name = part.split('"')[0].split("/")
        assert name in (schemas if kind == "schemas" else responses)


def test_scripts_files_headers_and_bodies_of_deletes_are_carried() -> None:
    paths = doc()["paths"]
    create = paths["/shelf"]["post"]["requestBody"]
    assert set(create["content"]) == {"application/json", "text/x-xanoscript"}
    upload = paths["/shelf/{shelf_id}/file"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert upload["properties"]["content"]["format"] == "binary"
    assert upload["required"] == ["content"]
    header = paths["/shelf/{shelf_id}/row"]["get"]["parameters"][-1]
    assert (header["in"], header["name"], header["schema"]["default"]) == ("header", "x-data-source", "live")
    assert paths["/shelf/{shelf_id}/row"]["delete"]["requestBody"]["required"]


def test_paged_answers_have_the_envelope_of_their_tier() -> None:
    paths = doc()["paths"]

    def answer(path: str, method: str = "get") -> dict[str, Any]:
        found: dict[str, Any] = paths[path][method]["responses"]["200"]["content"]["application/json"]["schema"]
        return found

    assert set(answer("/shelf")["properties"]) == {"items", "curPage", "nextPage", "prevPage"}
    assert answer("/shelf/{shelf_id}/box")["type"] == "array"
    assert set(answer("/shelf/{shelf_id}/file")["properties"]) == {"items", "itemsTotal"}
    assert "pageTotal" in answer("/shelf/{shelf_id}/row/search", "post")["properties"]


def test_null_and_enums_may_be_null_where_the_table_says_so() -> None:
    shelf = doc()["components"]["schemas"]["Shelf"]["properties"]
    assert shelf["kind"]["enum"] == ["open", "closed", "half open", None]
    assert shelf["size"]["allOf"] == [{"$ref": "#/components/schemas/ShelfSize"}]
    assert shelf["old_name"]["deprecated"]


def test_the_reference_pages_show_every_operation_in_three_languages() -> None:
    files = emit_docs(fixture()).files
    page = files["docs/reference/shelves.md"]
    assert "instance.shelf(shelf_id).import_(file=…, …)" in page
    assert "await instance.shelf(shelfId).import({ file, … })" in page
    assert "instance.shelf(shelf_id).import(file).await?" in page
    assert "**This cannot be undone.**" in page
    assert "**Unpublished:**" in page
    assert "**Deprecated:** boxes went out of use" in page
    index = files["docs/reference/api.md"]
    for operation in fixture().operations:
        assert f"`{operation.method} {operation.path}`" in index


def test_the_documents_are_where_the_architecture_says() -> None:
    assert set(emit(fixture()).files) == {"openapi/account.json", "openapi/instance.json"}
