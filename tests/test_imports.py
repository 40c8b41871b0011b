"""Imports point one way, as CONTRIBUTING lists the rooms."""

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import chainrule

DOCUMENT = Path(__file__).parents[1] / "CONTRIBUTING.md"
LIST = re.compile(r"Imports point one way.*?```text\n(.*?)```", re.DOTALL)
ROOMS = LIST.search(DOCUMENT.read_text(encoding="utf-8"))[1].split()
"""A room imports from itself and from those before it; ``chainrule`` is the package's face."""

PACKAGE = Path(chainrule.__file__).parent


def parsed():
    """Return the syntax tree of each module, by its name without the package's."""
    trees = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        name = ".".join(part for part in parts if part != "__init__") or "chainrule"
        trees[name] = ast.parse(path.read_text(encoding="utf-8"))
    return trees


TREES = parsed()


def imported(tree):
    """Return the modules of the package that a module imports."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found |= {name if known(name) in TREES else node.module for name in names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {known(name) for name in found if name.split(".")[0] == "chainrule"}


def known(name):
    return name.removeprefix("chainrule.")


def room(module):
    """Return the room that a module lies in: the longest name that it begins with."""
    parts = module.split(".")
    names = [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
    return next((name for name in names if name in ROOMS), None)


@pytest.mark.parametrize("module", sorted(set(TREES) - {"chainrule"}))
def test_a_module_imports_from_its_own_room_and_those_before_it(module):
    assert room(module), f"{module} is in none of the rooms"
    before = ROOMS[: ROOMS.index(room(module)) + 1]
    assert [name for name in sorted(imported(TREES[module])) if room(name) not in before] == []


def test_no_module_imports_itself_by_way_of_others():
    graph = {module: imported(tree) for module, tree in TREES.items() if module != "chainrule"}
    TopologicalSorter(graph).prepare()  # a CycleError names them


def test_tests_import_nothing_by_the_name_of_a_library_that_is_compared_with():
    for path in Path(__file__).parent.rglob("*.py"):
        named = re.search(r"^(from|import) fasttext\b", path.read_text(encoding="utf-8"), re.M)
        assert not named, f"{path}: the library fasttext takes the name where it is installed"
