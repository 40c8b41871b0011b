"""Parameters and fields that are added later: files of before mean a value that is stated.

`fields.json` has, for each class that a file can name, the fields that each of its files has, and
those that were added since, with what files mean that lack them.
"""

import json
from dataclasses import MISSING, dataclass, field, fields, make_dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

import chainrule as cr
from chainrule import strict_json
from chainrule.added import added, is_added, value_before
from chainrule.estimators.loading import ESTIMATORS
from chainrule.files.estimator import Description, describe, load_estimator
from chainrule.files.objects import KINDS, object_from_json, to_json
from chainrule.inputs import INPUTS
from chainrule.inputs.tables.rules import COLUMNS
from chainrule.targets import TARGETS
from files.by_hand import by_hand, canonical, taken_apart
from files.golden.inputs import file as first_file
from files.golden_later.make import file as later_file
from files.golden_tables.make import file
from files.golden_texts.make import file as text_file

STATED = json.loads(Path(__file__).with_name("fields.json").read_text(encoding="utf-8"))
CLASSES = {cls.__name__: cls for _, classes in KINDS.values() for cls in classes}
CLASSES |= {cls.__name__: cls for cls in ESTIMATORS}
RULE = """
A field or parameter that is new needs metadata=added(before=…): what files mean that were written
without it, how the class was until now. Then state the same in tests/files/fields.json. Lines that
are there stay as they are: files have them. A new class has a line of its own.
"""


def in_short(cls):
    """Return what `fields.json` says of a class."""
    own = [each for each in fields(cls) if each.init]
    return {
        "first": [each.name for each in own if not is_added(each)],
        "added": {each.name: to_json(value_before(each), "") for each in own if is_added(each)},
    }


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_has_the_fields_of_its_files_and_says_what_the_others_were(name):
    assert name in STATED, RULE
    assert in_short(CLASSES[name]) == STATED[name], RULE


def test_no_class_that_files_name_has_gone():
    assert set(STATED) == set(CLASSES), RULE


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_an_estimators_parameters_are_its_fields(kind):
    assert set(kind._get_param_names()) == {each.name for each in fields(kind) if each.init}


def test_a_field_without_a_word_would_be_noticed():
    old = cr.TableRegressor
    new = make_dataclass("TableRegressor", [("more", Any, "auto")], bases=(old,), kw_only=True)
    assert in_short(new) != STATED["TableRegressor"]


def test_every_kind_of_inputs_targets_and_columns_is_in_a_golden_file():
    """Reading these files compares what is written today with what they have, key by key."""
    folders = [made("x").parent for made in (first_file, file, later_file, text_file)]
    files = [path for folder in folders for path in folder.iterdir()]
    texts = [canonical(taken_apart(path.read_bytes())[0]) for path in files]
    for kind in (*INPUTS, *TARGETS, *COLUMNS):
        assert any(f'"kind":"{kind}"' in text for text in texts), f"no file has {kind}: {RULE}"


# A release to come, and files of before and after.


def later(default="auto", *, before):
    """Return TableRegressor as a later release may have it."""

    @dataclass(eq=False, repr=False)
    class TableRegressor(cr.TableRegressor):
        more: Any = field(default=default, kw_only=True, metadata=added(before=before))

        _parameter_constraints: ClassVar[Any] = {
            **cr.TableRegressor._parameter_constraints,
            "more": "no_validation",
        }

    return TableRegressor


@pytest.mark.parametrize("before", ["none", None, (), 0.5, cr.ReLU()])
def test_a_file_of_before_has_the_value_of_before_whatever_the_default(before):
    for default in ("auto", "other"):
        kind = later(default, before=before)
        loaded = load_estimator(file("numbers of houses"), [kind])
        assert (loaded.more, type(loaded.more)) == (before, type(before))
        assert loaded.hidden_layer_sizes == [4]


def test_a_file_says_what_is_not_as_before_and_only_that(tmp_path):
    kind, path = later("auto", before=None), tmp_path / "m"
    loaded = load_estimator(file("numbers of houses"), [kind])
    loaded.save(path)
    assert path.read_bytes() == file("numbers of houses").read_bytes()  # releases before read it
    loaded.set_params(more="auto").save(path)
    assert taken_apart(path.read_bytes())[0]["parameters"]["more"] == "auto"
    assert load_estimator(path, [kind]).more == "auto"
    message = "TableRegressor: expected the parameters of this release, got 'more' as well: 'more' "
    with pytest.raises(cr.ModelFileError, match=f"{message}may be of a newer release of chainrule"):
        cr.load(path)


@pytest.mark.parametrize("value", [1, 1.0, True, np.float64(1)])
def test_only_what_comes_back_the_same_is_left_out(value):
    kind = later(before=True)
    loaded = load_estimator(file("numbers of houses"), [kind]).set_params(more=value)
    assert ("more" in describe(loaded).parameters) == (value is not True)


def test_a_parameter_that_every_release_has_written_must_be_there(tmp_path):
    data, numbers = taken_apart(file("numbers of houses").read_bytes())
    del data["parameters"]["bins"]
    (tmp_path / "m").write_bytes(by_hand(canonical(data), numbers))
    with pytest.raises(cr.ModelFileError, match="TableRegressor: expected the parameter 'bins'"):
        cr.load(tmp_path / "m")


@dataclass(frozen=True)
class Longer(cr.Huber):
    """A loss with fields of a later release, as each of them would state them."""

    least: float = field(default=1.0, metadata=added(before=0.0))
    sizes: tuple[int, ...] = field(default=(), metadata=added(before=(2, 3)))


def test_an_objects_fields_follow_the_same_rule():
    old = {"loss": "Longer", "delta": 1.5, "outputs": "mean"}
    found = object_from_json("loss", old, [Longer])
    assert found == Longer(1.5, least=0.0, sizes=(2, 3))
    assert to_json(found, "loss") == old
    for changes, more in (({"least": 1.0}, {"least": 1.0}), ({"sizes": ()}, {"sizes": []})):
        other = replace(found, **changes)
        assert to_json(other, "loss") == old | more
        assert object_from_json("loss", old | more, [Longer]) == other
    with pytest.raises(ValueError, match=r"got .*; 'most' may be of a newer release of chain"):
        object_from_json("loss", old | {"most": 3}, [Longer])
    assert all(each.default is not MISSING for each in fields(Longer) if is_added(each))


def test_keys_of_inputs_and_targets_follow_it_too():
    more = {"name": "", "bounds": None}
    assert strict_json.record({"a": 1}, "here", ("a",), more) == {"a": 1, **more}
    assert strict_json.record({"a": 1, "name": "x"}, "here", ("a",), more)["name"] == "x"
    assert strict_json.shorter({"a": None, "name": "x", "bounds": None}, more) == {
        "a": None,
        "name": "x",
    }
    for wrong, message in (
        ({}, r"here: expected the keys \['a', 'bounds', 'name'\], got \[\]$"),
        ({"a": 1, "b": 2}, r"got \['a', 'b'\]; 'b' may be of a newer release of chainrule: read"),
    ):
        with pytest.raises(ValueError, match=message):
            strict_json.record(wrong, "here", ("a",), more)


def test_a_newer_key_of_targets_is_named_as_such(tmp_path):
    data, numbers = taken_apart(file("numbers of houses").read_bytes())
    data["targets"]["units"] = "€"
    (tmp_path / "m").write_bytes(by_hand(canonical(data), numbers))
    with pytest.raises(cr.ModelFileError, match=r"'units' may be of a newer release of chainrule"):
        cr.load(tmp_path / "m")


@pytest.mark.parametrize("name", ["model price", "number", "numbers poisson"])
def test_what_the_first_files_lack_does_not_depend_on_todays_defaults(name, monkeypatch):
    data, _ = taken_apart(first_file(name).read_bytes())
    monkeypatch.setattr(cr.Regressor.__init__, "__kwdefaults__", {"precision": "bfloat16"})
    parameters = Description.from_text(canonical(data)).parameters
    assert parameters["precision"] == "float32"
    assert set(parameters) == set(STATED[data.get("estimator", "Regressor")]["first"])
