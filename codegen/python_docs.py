"""Docstrings of the Python face, Google style, made from the table."""

from __future__ import annotations

import json
import re
import textwrap

from codegen.model import Argument, Operation
from codegen.syntax import Named

WIDTH = 118
SUMMARY = 105
"""Longest summary line; it stands behind an indent and its quotes."""
OPTIONS = "What this call does differently from its client, such as `{'timeout': 5}`; see `CallFields`."
PAGER = {
    "whole": "A lazy list; one request brings everything.",
    "records": "A lazy list that walks every page; a `Page` of it knows the total.",
}
WALKS = "A lazy list that walks every page."


def sentence(text: str) -> str:
    """`text` with a full stop at its end."""
    text = text.strip()
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def paragraphs(text: str) -> list[str]:
    """The paragraphs of a doc: `|` with space around it starts one."""
    return [sentence(" ".join(part.split())) for part in re.split(r"(?:^|\s)\|\s", text) if part.strip()]


def docstring(blocks: list[list[str]], indent: str) -> str:
    """A docstring from blocks that an empty line parts; lines come wrapped or not, each with its own indent."""
    lines: list[str] = []
    for block in blocks:
        if lines:
            lines.append("")
        for line in block:
            depth = len(line) - len(line.lstrip())
            hang = " " * (depth + 4 if depth and line.lstrip()[:1] != "(" else depth)
            lines += textwrap.wrap(
                line.strip(),
                WIDTH - len(indent),
                initial_indent=" " * depth,
                subsequent_indent=hang,
                break_long_words=False,
                break_on_hyphens=False,
            )
    body = "\n".join(f"{indent}{line}" if line else "" for line in lines).strip()
    raw = "\\" in body
    body = body.replace('"""', "'''")
    if body.endswith('"'):
        body += " "
    close = f"\n{indent}" if "\n" in body else ""
    return f'{indent}{"r" if raw else ""}"""{body}{close}"""'


def summary_first(texts: list[str]) -> list[list[str]]:
    """Parts the first sentence from the rest, as docstrings want a summary line."""
    first, *others = texts
    head, stop, rest = first.partition(". ")
    head += "." if stop else ""
    if len(head) > SUMMARY:
        # A summary line is one line: what comes after its first clause moves below.
        for mark in (": ", "; ", ", "):
            place = head.rfind(mark, 0, SUMMARY)
            if place > 0:
                tail = head[place + len(mark) :]
                rest = f"{tail[0].upper()}{tail[1:]} {rest}".strip()
                head = f"{head[:place]}."
                break
    return [[head], *([[rest]] if rest else []), *([t] for t in others)]


def method_doc(operation: Operation, parameters: list[tuple[str, Argument]], returns: str, extra: list[str]) -> str:
    """The docstring of a generated method. `extra` are lines for arguments that only Python's method has."""
    blocks = summary_first(paragraphs(operation.doc))
    blocks += [[mark] for mark in marks(operation)]
    args = [f"    {name}: {argument_doc(operation, argument)}" for name, argument in parameters]
    args += [f"    {line}" for line in extra]
    args.append(f"    options: {OPTIONS}")
    blocks.append(["Args:", *args])
    told = returned(operation, returns)
    if told:
        blocks.append(["Returns:", f"    {told}"])
    blocks.append(["Raises:", *(f"    {line}" for line in raised(operation))])
    scope = f"`{operation.scope}`" if operation.scope else "any valid token will do"
    blocks.append([f"Token scope: {scope}. Sent as `{operation.method} {operation.path}`."])
    return docstring(blocks, " " * 8)


def marks(operation: Operation) -> list[str]:
    """What a reader has to know before calling."""
    found = []
    if operation.deprecated:
        found.append(f"Deprecated: {sentence(operation.deprecated)}")
    if operation.effect == "destroy":
        found.append("Destructive: what this removes or overwrites cannot be had back.")
    if operation.unpublished:
        found.append("Unpublished: seen only in Xano's own tools. It may change, or be missing on an instance.")
    if operation.note:
        found.append(sentence(f"Note: {' '.join(operation.note.split())}"))
    if operation.long:
        found.append("The server may take minutes; only silence (`long_read_timeout`) ends the wait.")
    return found


def argument_doc(operation: Operation, argument: Argument) -> str:
    """One line about an argument, with its default."""
    text = sentence(argument.doc)
    if argument.deprecated:
        text = f"Deprecated. {text}"
    if argument.finder is not None:
        text += (
            f" A name works too: it is looked up once in `{argument.finder.operation}` by `{argument.finder.field}`."
        )
    if argument.location == "script":
        either = any(a.location == "body" for a in operation.arguments)
        text += " It is the whole body: give it instead of the fields." if either else ""
    if argument.has_default:
        text += f" Default of the server: `{json.dumps(argument.default, ensure_ascii=False)}`."
    if argument.nullable:
        text += " None is sent as null."
    return text


def returned(operation: Operation, returns: str) -> str | None:
    """What a method returns, in words."""
    if operation.paging is not None:
        return f"{PAGER.get(operation.paging.tier, WALKS)}"
    kind = operation.answer.kind
    if kind == "none":
        return None
    if kind == "stream":
        return "The path written."
    if kind == "events":
        return "The events, as they come; close it when you stop reading early."
    if kind == "text":
        return "The text that the server answers."
    if isinstance(operation.answer.type, Named) and returns == operation.answer.type.name:
        return f"The {returns} that the server answers."
    return "The decoded answer."


def raised(operation: Operation) -> list[str]:
    """The errors that tell something about this operation."""
    lines = []
    if any(a.location != "path" for a in operation.arguments):
        lines.append("BadRequestError: The server does not accept an argument; `param` names it.")
    if operation.scope:
        lines.append(f"PermissionError: The token lacks the scope {operation.scope}, or its owner's role forbids this.")
    if operation.at("path"):
        lines.append("NotFoundError: There is no such thing, or the token does not reach it.")
    if operation.answer.kind == "stream":
        lines.append("ConfigError: The file cannot be written.")
    lines.append("XanoError: What any call raises; see `xano_metadata.errors`.")
    return lines
