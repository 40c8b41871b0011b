"""`load` reads every file that chainrule has written, and each class its own."""

from dataclasses import dataclass

import numpy as np
import pytest

from chainrule import (
    Classifier,
    Elementwise,
    MLPClassifier,
    MLPRegressor,
    ModelFileError,
    Regressor,
    Schedule,
    load,
)
from chainrule.estimators.loading import ESTIMATORS
from files.by_hand import by_hand, canonical, taken_apart
from files.examples import TABLE, Bent, table_network
from files.golden.inputs import file
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
def test_a_network_for_tables_comes_back(task, path):
    model = table_network(task)
    model.save(path)
    again, rows = load(str(path)), TABLE.without("kind")
    assert type(again) is type(model)
    np.testing.assert_array_equal(again.predict(rows), model.predict(rows))
    assert again.inputs_ == model.inputs_
    assert again.metadata_ == model.metadata_


def test_every_estimator_can_be_loaded(path):
    kinds = {type(fitted(name)[0]).__name__ for name in NETWORKS}
    assert kinds == {kind.__name__ for kind in ESTIMATORS}


def test_classes_of_ones_own_are_handed_over(path):
    model = table_network(hidden=[Bent(0.25)])
    model.save(path)
    with pytest.raises(ModelFileError, match=r"uses the function Bent.*functions="):
        load(path)
    assert load(path, functions=(cls for cls in [Bent, Halving])).chain_.functions[1] == Bent(0.25)
    X, y = np.eye(5, 3), [0, 1, 0, 1, 1]
    schedule = {"solver": "sgd", "learning_rate": Halving(), "activation": Bent()}
    MLPClassifier((2,), max_iter=2, **schedule).fit(X, y).save(path)
    assert load(path, [Bent, Halving]).learning_rate == Halving()
    with pytest.raises(ModelFileError, match="uses the schedule Halving"):
        load(path, [Bent])


def test_what_is_no_class_to_hand_over_is_refused(path):
    table_network().save(path)
    with pytest.raises(TypeError, match="functions: expected classes of functions, losses, opt"):
        load(path, [int])

    class Bent(Elementwise):
        """A class without fields."""

    with pytest.raises(TypeError, match="expected dataclasses, got Bent"):
        load(path, [Bent])


@pytest.mark.parametrize("cls", [MLPClassifier, MLPRegressor, Classifier])
def test_an_estimator_s_reader_names_another(path, cls):
    table_network("regression").save(path)
    for place in (path, file("train price")):
        with pytest.raises(ModelFileError) as error:
            cls.load(place)
        assert str(error.value) == (
            f"{place}: expected {cls.__name__}, got the file of another: 'Regressor'; "
            "load it with that class"
        )


def test_what_the_first_release_trained_is_an_estimator():
    assert type(load(file("train price"))) is type(Regressor.load(file("train price"))) is Regressor
    assert type(load(file("train sold"))) is type(Classifier.load(file("train sold"))) is Classifier


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
    for read in (load, MLPClassifier.load):
        with pytest.raises(ModelFileError) as error:
            read(path)
        assert len(str(error.value)) < 400
        assert "\n" not in str(error.value)


def test_a_damaged_file_is_said_to_be_damaged_whoever_reads_it(path):
    fitted("classes")[0].save(path)
    path.write_bytes(path.read_bytes().replace(b"MLPClassifier", b"MLPClassifies"))
    for read in (load, MLPClassifier.load):
        with pytest.raises(ModelFileError, match="its content does not match its checksum"):
            read(path)


def test_files_of_others_and_places_without_any(path):
    with pytest.raises(ModelFileError, match="there is no such file"):
        load(path)
    path.write_text("rooms,area\n1,2\n")
    with pytest.raises(ModelFileError, match="is no model of chainrule"):
        load(path)
