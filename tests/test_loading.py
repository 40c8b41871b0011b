"""`load` reads every file that chainrule has written, and each reader knows the other's files."""

import subprocess
import sys
from dataclasses import dataclass, fields

import numpy as np
import pytest

import chainrule
from chainrule import (
    Classifier,
    Elementwise,
    MLPClassifier,
    MLPRegressor,
    Model,
    ModelFileError,
    Schedule,
    load,
)
from files.by_hand import by_hand, canonical, taken_apart
from files.examples import Bent, table_model
from files.saved_networks import NETWORKS, fitted

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@dataclass(frozen=True)
class Halving(Schedule):
    """A schedule of a user's own."""

    def factor(self, at):
        return 0.5**at.step


class Own(MLPClassifier):
    """A user's estimator."""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file.safetensors"


@pytest.mark.parametrize("name", NETWORKS)
def test_an_estimator_comes_back_as_its_own_class_has_it(name, path):
    model, X, _ = fitted(name)
    model.save(path)
    again = load(path)
    assert type(again) is type(model)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert repr(again) == repr(type(model).load(path))


@pytest.mark.parametrize("task", ["multiclass", "binary", "regression"])
def test_a_model_comes_back(task, path):
    model = table_model(task)
    model.save(path)
    again = load(str(path))
    assert type(again) is Model
    np.testing.assert_array_equal(again.chain.parameters.flat, model.chain.parameters.flat)
    for field in fields(Model)[1:]:
        assert getattr(again, field.name) == getattr(model, field.name)


def test_every_estimator_can_be_loaded(path):
    kinds = {type(fitted(name)[0]).__name__ for name in NETWORKS}
    assert kinds == set(chainrule.estimators.__all__)


def test_classes_of_ones_own_are_handed_over(path):
    model = table_model(hidden=Bent(0.25))
    model.save(path)
    with pytest.raises(ModelFileError, match=r"uses the function Bent.*functions="):
        load(path)
    assert load(path, functions=(cls for cls in [Bent, Halving])).chain.functions[1] == Bent(0.25)
    X, y = np.eye(5, 3), [0, 1, 0, 1, 1]
    schedule = {"solver": "sgd", "learning_rate": Halving(), "activation": Bent()}
    MLPClassifier((2,), max_iter=2, **schedule).fit(X, y).save(path)
    assert load(path, [Bent, Halving]).learning_rate == Halving()
    with pytest.raises(ModelFileError, match="uses the schedule Halving"):
        load(path, [Bent])


def test_what_is_no_class_to_hand_over_is_refused(path):
    table_model().save(path)
    with pytest.raises(TypeError, match="functions: expected classes of functions, losses, opt"):
        load(path, [int])

    class Bent(Elementwise):
        """A class without fields."""

    with pytest.raises(TypeError, match="expected dataclasses, got Bent"):
        load(path, [Bent])


def test_a_model_s_reader_names_an_estimator(path):
    fitted("classes")[0].save(path)
    with pytest.raises(ModelFileError) as error:
        Model.load(path)
    assert str(error.value) == (
        f"{path}: holds the estimator MLPClassifier; "
        "load it with chainrule.load or MLPClassifier.load"
    )


@pytest.mark.parametrize("cls", [MLPClassifier, MLPRegressor, Classifier])
def test_an_estimator_s_reader_names_a_model(path, cls):
    table_model().save(path)
    with pytest.raises(ModelFileError) as error:
        cls.load(path)
    assert str(error.value) == (
        f"{path}: holds a Model, as chainrule train saves it; "
        "load it with chainrule.load or Model.load"
    )


def test_an_estimator_of_ones_own_is_loaded_by_its_class(path):
    Own((2,), max_iter=1).fit(np.eye(5, 3), [0, 1, 0, 1, 1]).save(path)
    with pytest.raises(ModelFileError, match="another: 'Own'; load it with that class"):
        load(path)
    assert type(Own.load(path)) is Own


@pytest.mark.parametrize("name", ["os.system", "x" * 10**5, 3, None, ["MLPClassifier"], "a\nb"])
def test_a_made_up_estimator_runs_nothing_and_gets_a_short_error(path, name):
    fitted("classes")[0].save(path)
    data, numbers = taken_apart(path.read_bytes())
    path.write_bytes(by_hand(canonical(data | {"estimator": name}), numbers, dtype="F64"))
    for read in (load, Model.load):
        with pytest.raises(ModelFileError) as error:
            read(path)
        assert len(str(error.value)) < 400
        assert "\n" not in str(error.value)


def test_a_damaged_file_is_said_to_be_damaged_whoever_reads_it(path):
    fitted("classes")[0].save(path)
    path.write_bytes(path.read_bytes().replace(b"MLPClassifier", b"MLPClassifies"))
    for read in (load, Model.load, MLPClassifier.load):
        with pytest.raises(ModelFileError, match="its content does not match its checksum"):
            read(path)


def test_files_of_others_and_places_without_any(path):
    with pytest.raises(ModelFileError, match="there is no such file"):
        load(path)
    path.write_text("rooms,area\n1,2\n")
    with pytest.raises(ModelFileError, match="is no model of chainrule"):
        load(path)


def test_a_model_is_loaded_without_the_estimators(path):
    table_model().save(path)
    code = f"import sys, chainrule; chainrule.load({str(path)!r}); print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout.split()
    assert "chainrule.models" in loaded
    assert "chainrule.estimators" not in loaded
