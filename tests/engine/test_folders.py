"""The engine's folders lie in the order of processing, and import from those above them alone."""

import ast
from pathlib import Path

import chainrule.engine

ORDER = ("machine", "language", "network", "kernels", "planning", "running")
ROOT = Path(chainrule.engine.__file__).parent


def imports(file):
    """Yield the modules that a file imports, at its top or within functions."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_folders_import_from_those_above_them_alone():
    assert {path.name for path in ROOT.iterdir() if path.is_dir()} - {"__pycache__"} == set(ORDER)
    for level, folder in enumerate(ORDER):
        for file in (ROOT / folder).glob("*.py"):
            used = [name.split(".") for name in imports(file)]
            rooms = {parts[2] for parts in used if parts[:2] == ["chainrule", "engine"]}
            assert rooms <= set(ORDER[: level + 1]), file
            assert {parts[1] for parts in used if parts[0] == "chainrule"}.isdisjoint(
                {"training", "estimators", "models", "jobs", "cli", "pictures"}
            ), file
