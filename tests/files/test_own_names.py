"""Classes of a user's own whose names chainrule has taken since: old files mean the user's."""

import re
from dataclasses import dataclass

import pytest

from chainrule import MLPClassifier, ModelFileError, functions, load
from chainrule.files.objects import (
    FIRST,
    KINDS,
    chain_from_json,
    check_classes,
    object_from_json,
)
from files.by_hand import by_hand, canonical, taken_apart
from files.examples import Bent
from files.golden.inputs import HERE
from files.golden.own import OWN
from files.saved_networks import fitted

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

MINE = {"function": "Scale", "bend": 2, "words": ["é"]}
OURS = {"function": "Scale", "rate_factor": 2}


@dataclass(frozen=True)
class Scale(Bent):
    """A user's own."""


def test_a_class_that_is_handed_over_is_meant():
    assert object_from_json("function", MINE, [Scale]) == Scale(2, ("é",))
    items = [MINE, {"function": "Linear", "outputs": 3, "bias": True}, {"function": "Mish"}]
    data = {"functions": items, "input_shape": [2], "dtype": "float32"}
    found = [type(function) for function in chain_from_json(data, [Scale]).functions]
    assert found == [Scale, functions.Linear, functions.Mish]


def test_chainrules_is_meant_where_none_is():
    assert type(object_from_json("function", OURS)) is functions.Scale
    with pytest.raises(ValueError, match="Scale: expected the keys"):
        object_from_json("function", MINE)
    with pytest.raises(ValueError, match="Scale: expected the keys"):
        object_from_json("function", OURS, [Scale])


@pytest.mark.parametrize("both", [[Scale, functions.Scale], [functions.Scale, Scale]])
def test_both_at_once_are_refused(both):
    with pytest.raises(ValueError, match="none of them chainrule's, got another Scale"):
        check_classes(both)


def test_a_file_of_an_earlier_release_is_read_and_predicts_the_same(tmp_path):
    model, X, _ = fitted("classes", activation=Bent(0.25))
    model.save(tmp_path / "m")
    data, numbers = taken_apart((tmp_path / "m").read_bytes())
    text = canonical(data).replace('"Bent"', '"Scale"')
    (tmp_path / "old").write_bytes(by_hand(text, numbers, dtype="F64"))
    for again in (
        load(tmp_path / "old", functions=[Scale]),
        MLPClassifier.load(tmp_path / "old", functions=[Scale]),
    ):
        assert again.activation == Scale(0.25)
        assert again.predict_proba(X).tobytes() == model.predict_proba(X).tobytes()
        with pytest.raises(ModelFileError, match="none of them chainrule's, got another Scale"):
            again.save(tmp_path / "new")
    with pytest.raises(ModelFileError, match="Scale: expected the keys"):
        load(tmp_path / "old")


def test_names_that_the_first_release_had_stay_chainrules():
    texts = [canonical(taken_apart(path.read_bytes())[0]) for path in (HERE / "saved").iterdir()]
    named = rf'"(?:{"|".join(KINDS)})":"([A-Z]\w+)"'
    written = set(re.findall(named, "".join(texts)))
    assert written - {cls.__name__ for cls in OWN} == FIRST
    assert {cls.__name__ for _, classes in KINDS.values() for cls in classes} > FIRST
    own = dataclass(frozen=True)(type("ReLU", (Bent,), {"__annotations__": {}}))
    with pytest.raises(ValueError, match="none of them chainrule's, got another ReLU"):
        check_classes([own])
