"""Names in the spelling and with the reserved words of each language."""

from __future__ import annotations

import keyword
import re

RESERVED: dict[str, frozenset[str]] = {
    "python": frozenset(keyword.kwlist) | {"self", "options", "print"},
    "rust": frozenset(
        "abstract as async await become box break const continue crate do dyn else enum extern false final fn for gen "
        "if impl in let loop macro match mod move mut override priv pub ref return self static struct super trait true "
        "try type typeof unsafe unsized use virtual where while yield".split()
    ),
    "typescript": frozenset(
        "arguments await break case catch class const continue debugger default delete do else enum eval export "
        "extends false finally for function if implements import in instanceof interface let new null options package "
        "private protected public return static super switch this throw true try typeof undefined var void while with "
        "yield".split()
    ),
}
"""Words that cannot name a variable there, and the ones our own signatures use."""


def safe(name: str, language: str) -> str:
    """`name`, with an underscore behind it when the language reserves it."""
    return f"{name}_" if name in RESERVED[language] else name


def words(name: str) -> list[str]:
    """The words of a snake_case, kebab-case or camelCase name."""
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name)
    return [w for w in re.split(r"[^A-Za-z0-9]+", spaced) if w]


def pascal(name: str) -> str:
    """`static_host` becomes `StaticHost`."""
    return "".join(w[0].upper() + w[1:] for w in words(name))


def camel(name: str) -> str:
    """`set_live` becomes `setLive`."""
    joined = pascal(name)
    return joined[:1].lower() + joined[1:]


def snake(name: str) -> str:
    """`itemsTotal` becomes `items_total`."""
    return "_".join(w.lower() for w in words(name))
