"""A name imported for the type checker alone is not there when the program runs."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
Function = ast.FunctionDef | ast.AsyncFunctionDef


def _imported(node: ast.AST) -> set[str]:
    """The names the imports below a node bind."""
    found = [one for one in ast.walk(node) if isinstance(one, ast.Import | ast.ImportFrom)]
    return {one.asname or one.name for each in found for one in each.names}


def _for_types_alone(tree: ast.Module) -> set[str]:
    blocks = [one for one in tree.body if isinstance(one, ast.If)]
    checked = [one for one in blocks if getattr(one.test, "id", "") == "TYPE_CHECKING"]
    return {name for one in checked for name in _imported(one)}


def called_too_early(source: str) -> Iterator[str]:
    """Names that are called in a function which does not import them itself."""
    tree = ast.parse(source)
    late = _for_types_alone(tree)
    for function in (one for one in ast.walk(tree) if isinstance(one, Function)):
        own = _imported(function)
        for call in (one for one in ast.walk(function) if isinstance(one, ast.Call)):
            if isinstance(call.func, ast.Name) and call.func.id in late - own:
                yield f"{call.func.id}, line {call.lineno}"


def test_it_is_found() -> None:
    source = (
        "if TYPE_CHECKING:\n    from a import b, c\n"
        "def f() -> c:\n    from a import c\n    return c(b())\n"
    )
    assert list(called_too_early(source)) == ["b, line 5"]


def test_nothing_imported_for_types_is_called() -> None:
    found = {
        str(path.relative_to(ROOT)): list(called_too_early(path.read_text()))
        for path in sorted((ROOT / "kit").rglob("*.py"))
    }
    assert {path: names for path, names in found.items() if names} == {}
