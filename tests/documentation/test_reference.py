"""The reference: every public name is in it, once, with the members that are its own."""

import re
from collections import Counter
from importlib import import_module
from pathlib import Path

import pytest

import chainrule
from markers import filled
from reference import own_members

FOLDER = Path(__file__).parents[2] / "docs" / "reference"
PUBLIC_MODULES = ("notation", "mathematics", "inputs", "targets", "data")
ENTRY = re.compile(r"^\.\. auto(?:class|function|data):: (\S+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def entries():
    pages = [filled("", path.read_text(encoding="utf-8")) for path in FOLDER.glob("*.md")]
    return ENTRY.findall("\n".join(pages))


def test_each_public_name_is_in_the_reference_once(entries):
    elsewhere = tuple(f"chainrule.{module}." for module in PUBLIC_MODULES)
    ours = [entry for entry in entries if not entry.startswith(elsewhere)]
    names = Counter(entry.split(".")[-1] for entry in ours)
    former = (FOLDER / "index.md").read_text(encoding="utf-8")
    for name in chainrule.__all__:
        if name in chainrule._FORMER:
            assert f"`{name}`" in former
        elif name not in chainrule._MODULES:
            room = chainrule._ROOM_OF[name]
            assert names[name] == 1, (
                f"{name}: docs/reference/ wants one line <!-- names of chainrule.{room} -->"
            )


@pytest.mark.parametrize("module", PUBLIC_MODULES)
def test_each_name_of_a_public_module_is_in_the_reference(module, entries):
    start = f"chainrule.{module}."
    names = [entry.split(".")[-1] for entry in entries if entry.startswith(start)]
    assert sorted(names) == sorted(import_module(f"chainrule.{module}").__all__)


def test_every_entry_can_be_imported(entries):
    assert len({*entries}) == len(entries)
    for entry in entries:
        module, _, name = entry.rpartition(".")
        getattr(import_module(module), name)


def test_members_are_a_class_s_own():
    assert own_members(chainrule.ReLU) == []  # what Elementwise and Function have
    assert {"forward", "backprop", "jacobian"} <= {*own_members(chainrule.Function)}
    assert own_members(chainrule.Elementwise)[:2] == ["value", "derivative"]
    assert {"fit", "predict", "save", "load"} <= {*own_members(chainrule.MLPClassifier)}
    assert "get_metadata_routing" not in own_members(chainrule.MLPClassifier)  # scikit-learn's
    assert "epochs" not in own_members(chainrule.Plan)  # a field, which is a parameter
