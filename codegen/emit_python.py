"""The Python face: models in `xano_metadata/types`, methods in `_generated/sync` and `_generated/aio`.

A family of the reference is one module, imported when a program first walks into it, so that importing the package
costs the same with ten operations and with three hundred. Types live in a module for each table file, models apart from
the dicts that callers may give (those need `typing`, which is slow to import).
"""

from __future__ import annotations

from codegen.model import Model, NamedType
from codegen.naming import safe, snake
from codegen.output import MARK, Output
from codegen.python_docs import docstring, paragraphs, sentence, summary_first
from codegen.python_makers import constructors, members_of
from codegen.python_nodes import FACES, Nodes
from codegen.python_types import HEART, Spelling, attribute, home, imports, input_name, shape, unshadowed
from codegen.syntax import Object

PACKAGE = "bindings-python/python/xano_metadata"


def emit(model: Model) -> Output:
    """All generated files of the Python face."""
    files = _types(model)
    generated = f"{PACKAGE}/_generated"
    files[f"{generated}/__init__.py"] = f'# {MARK}\n"""Methods of the API, generated from the operation table."""\n'
    for face in FACES:
        for name, text in Nodes(model, face).modules().items():
            files[f"{generated}/{face.folder}/{name}.py"] = text
    return Output(files, owned=(generated, f"{PACKAGE}/types"))


# Types


def _types(model: Model) -> dict[str, str]:
    objects = [named for named in model.types.values() if isinstance(named.type, Object)]
    models: dict[str, list[NamedType]] = {}
    inputs: dict[str, list[NamedType]] = {}
    for named in objects:
        if named.in_answers or not named.in_arguments:
            models.setdefault(home(named), []).append(named)
        if named.in_arguments:
            inputs.setdefault(f"{home(named)}_inputs", []).append(named)
    files = {f"{PACKAGE}/types/{m}.py": _models_module(model, types) for m, types in sorted(models.items())}
    files |= {f"{PACKAGE}/types/{m}.py": _inputs_module(model, types) for m, types in sorted(inputs.items())}
    names = {named.name: module for module, types in models.items() for named in types}
    names |= {input_name(named.name): module for module, types in inputs.items() for named in types}
    files[f"{PACKAGE}/types/__init__.py"] = _index(names)
    return files


def _index(names: dict[str, str]) -> str:
    """The package that finds every type in its module when it is first asked for."""
    imports = [f"    from .{module} import {name} as {name}" for name, module in sorted(names.items())]
    homes: dict[str, list[str]] = {}
    for name, module in sorted(names.items()):
        homes.setdefault(module, []).append(name)
    table = [f'    "{module}": "{" ".join(found)}",' for module, found in sorted(homes.items())]
    return "\n".join(
        [
            f"# {MARK}",
            '"""The types of the API: models that answers are read as, and `…Input` dicts that callers may give.',
            "",
            "Each is loaded from its module when it is first used.",
            '"""',
            "",
            "TYPE_CHECKING = False",
            "if TYPE_CHECKING:",
            *(imports or ["    pass"]),
            "",
            "_HOMES = {",
            *table,
            "}",
            "_HOME = {name: module for module, names in _HOMES.items() for name in names.split()}",
            "",
            f"__all__ = [{', '.join(repr(name) for name in sorted(names))}]",
            "",
            "",
            "def __getattr__(name: str) -> object:",
            "    module = _HOME.get(name)",
            "    if module is None:",
            '        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")',
            '    value = getattr(__import__(f"{__name__}.{module}", fromlist=["_"]), name)',
            "    globals()[name] = value",
            "    return value",
            "",
            "",
            "def __dir__() -> list[str]:",
            "    return sorted({*globals(), *__all__})",
            "",
        ]
    )


def _models_module(model: Model, types: list[NamedType]) -> str:
    spelling = Spelling(model)
    bodies = [_model_class(model, spelling, named) for named in types]
    own = {named.name for named in types}
    base = [f"from {HEART}._model import Model"]
    if helpers := [name for name in ("items", "made") if any(f" {name}(" in b or f"({name}(" in b for b in bodies)]:
        base.append(f"from {HEART}._making import {', '.join(helpers)}")
    if any("= OMIT" in body for body in bodies):
        base.append(f"from {HEART}._options import OMIT")
    return _module(
        f"Models of the answers that `operations/{types[0].place.file.name}` describes.",
        "\n\n\n".join(bodies),
        spelling,
        own,
        "\n".join(base),
        checking=[f"from {HEART}._options import Omit"] if any("| Omit" in b for b in bodies) else [],
    )


def _model_class(model: Model, spelling: Spelling, named: NamedType) -> str:
    assert isinstance(named.type, Object)
    members = {attribute(f) for f in named.type.fields} | members_of(model, named)
    doc = named.doc or f"Part of an answer: what stands under `{_words(named.name)}`"
    lines = [f"class {named.name}(Model):", docstring(summary_first(paragraphs(doc)), "    "), "", "    __slots__ = ()"]
    nested = {attribute(f): shape(model, f.type) for f in named.type.fields}
    shapes = [f'"{name}": "{found}"' for name, found in nested.items() if found]
    wires = [f'"{attribute(f)}": {f.name!r}' for f in named.type.fields if attribute(f) != f.name]
    if shapes:
        lines.append(f"    _nested = {{{', '.join(shapes)}}}")
    if wires:
        lines.append(f"    _wire = {{{', '.join(wires)}}}")
    lines.append("")
    for f in named.type.fields:
        lines.append(f"    {attribute(f)}: {unshadowed(spelling.answer(f.type), members)}")
        if f.deprecated or f.doc:
            mark = "Deprecated. " if f.deprecated else ""
            lines.append(docstring([[mark + p for p in paragraphs(f.doc)] or [mark.strip()]], "    "))
    return "\n".join([*lines, *constructors(model, spelling, named, members)])


def _inputs_module(model: Model, types: list[NamedType]) -> str:
    spelling = Spelling(model)
    bodies = [_input_class(spelling, named) for named in types]
    return _module(
        f"Dicts that may be given where `operations/{types[0].place.file.name}` takes an object.",
        "\n\n\n".join(bodies),
        spelling,
        {input_name(named.name) for named in types},
        "from typing import TypedDict",
        checking=["from typing_extensions import NotRequired"] if any("NotRequired[" in b for b in bodies) else [],
    )


def _input_class(spelling: Spelling, named: NamedType) -> str:
    assert isinstance(named.type, Object)
    name = input_name(named.name)
    doc = named.doc or f"What may be given for {_words(named.name)}"
    fields = {}
    for f in named.type.fields:
        spelt = spelling.argument(f.type)
        fields[f.name] = spelt if f.required else f"NotRequired[{spelt}]"
    if not all(field.isidentifier() and safe(field, "python") in (field, f"{field}_") for field in fields) or any(
        safe(field, "python") != field and field not in ("self", "options", "print") for field in fields
    ):
        entries = ", ".join(f"{field!r}: {spelt!r}" for field, spelt in fields.items())
        return f"{name} = TypedDict({name!r}, {{{entries}}})\n{docstring(summary_first(paragraphs(doc)), '')}"
    lines = [f"class {name}(TypedDict):", docstring(summary_first(paragraphs(doc)), "    "), ""]
    for f in named.type.fields:
        lines.append(f"    {f.name}: {unshadowed(fields[f.name], set(fields))}")
        if f.doc:
            lines.append(docstring([paragraphs(f.doc)], "    "))
    return "\n".join(lines)


def _words(name: str) -> str:
    return snake(name).replace("_", " ")


def _module(
    about: str, body: str, spelling: Spelling, own: set[str], base: str, checking: list[str] | None = None
) -> str:
    """A module of types with its opening line and exactly the imports that its body needs."""
    needed = [*(checking or []), *imports(body, own)]
    model = spelling.model
    foreign: dict[str, list[str]] = {}
    for name in spelling.models - own:
        foreign.setdefault(home(model.resolve(name)), []).append(name)
    for name in spelling.inputs:
        if input_name(name) not in own:
            foreign.setdefault(f"{home(model.resolve(name))}_inputs", []).append(input_name(name))
    needed += [f"from .{module} import {', '.join(sorted(names))}" for module, names in sorted(foreign.items())]
    lines = [f"# {MARK}", f'"""{sentence(about)}"""', "", "from __future__ import annotations", "", base, ""]
    if needed:
        lines += ["TYPE_CHECKING = False", "if TYPE_CHECKING:", *(f"    {line}" for line in needed), ""]
    return "\n".join([*lines, "", body, ""])
