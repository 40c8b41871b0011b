"""The public names: all there, all documented, and loaded only when they are used."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import chainrule
from chainrule import functions, losses


def test_readers_of_types_see_the_same_names_as_python():
    tree = ast.parse(Path(chainrule.__file__).read_text(encoding="utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    imports = [node for node in block.body if isinstance(node, ast.ImportFrom)]
    seen = []
    for node in imports:
        names = [alias.name for alias in node.names]
        seen += import_module(node.module).__all__ if names == ["*"] else names
    assert sorted([*seen, *chainrule._FORMER]) == sorted(chainrule.__all__)
    renamed = {
        node.targets[0].id: node.value.id for node in block.body if isinstance(node, ast.Assign)
    }
    assert renamed == chainrule._FORMER
    assert len(set(seen)) == len(seen)


def test_each_room_is_asked_for_the_names_that_it_calls_public():
    for room, names in chainrule._PUBLIC.items():
        assert sorted(names.split()) == sorted(import_module(f"chainrule.{room}").__all__), room


@pytest.mark.parametrize(("former", "present"), chainrule._FORMER.items())
def test_former_names_stay(former, present):
    assert getattr(chainrule, former) is getattr(chainrule, present)
    assert former in chainrule.__all__


def test_every_function_and_loss_is_public():
    listed = [*functions.FUNCTIONS, *losses.LOSSES]
    assert {kind.__name__ for kind in listed} <= set(chainrule.__all__)


def test_every_public_name_is_documented_and_listed():
    assert set(chainrule.__all__) <= set(dir(chainrule))
    for name in chainrule.__all__:
        value = getattr(chainrule, name)
        assert isinstance(value, list | tuple | dict) or value.__doc__, name


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'chainrule' has no attribute 'Dense'"):
        chainrule.Dense  # noqa: B018


def loaded_by(statement):
    code = f"import sys; {statement}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    return subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout.split()


def test_the_command_line_loads_the_large_libraries_when_it_needs_them():
    loaded = loaded_by("from chainrule.cli import app, main")
    assert "typer" in loaded
    assert not {"numpy", "scipy", "sklearn", "matplotlib", "sympy", "llvmlite"} & set(loaded)


def test_the_commands_for_tables_load_no_formulas_and_no_machine_code():
    loaded = loaded_by("from chainrule.cli import model_commands, train_commands")
    assert not {"sklearn", "matplotlib", "sympy", "llvmlite"} & set(loaded)


def test_what_answers_lines_of_fasttext_loads_neither_tables_nor_rules():
    loaded = loaded_by("from chainrule.cli import fasttext_answers")
    assert {"numpy", "llvmlite"} <= set(loaded)
    assert not {"scipy", "sklearn", "pandas", "sympy", "rich", "typer"} & set(loaded)


def test_importing_loads_nothing_but_the_package():
    loaded = loaded_by("import chainrule")
    assert "chainrule" in loaded
    assert not {"numpy", "scipy", "sklearn", "sympy", "rich", "typer"} & set(loaded)


@pytest.mark.parametrize("names", ["Predictor", "Chain, train", "check_gradients"])
def test_a_name_is_loaded_without_the_rooms_that_it_does_not_need(names):
    loaded = loaded_by(f"from chainrule import {names}")
    assert "numpy" in loaded
    assert not {"sklearn", "matplotlib", "sympy", "typer"} & set(loaded)
