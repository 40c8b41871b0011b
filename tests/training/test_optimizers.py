import numpy as np
import pytest

from chainrule.training import OPTIMIZERS, SGD, AdaGrad, Adam, AdamW, RMSProp
from training import scalar_loops as loops

STEPS, SIZE = 7, 5

# Every hyperparameter away from its default and from the others, an epsilon that matters.
CASES = {
    "sgd": (SGD(0.3), lambda w, g: loops.sgd(w, g, 0.3)),
    "momentum": (SGD(0.2, momentum=0.8), lambda w, g: loops.momentum(w, g, 0.2, 0.8)),
    "nesterov": (
        SGD(0.2, momentum=0.8, nesterov=True),
        lambda w, g: loops.nesterov(w, g, 0.2, 0.8),
    ),
    "adam": (
        Adam(0.03, beta1=0.7, beta2=0.95, epsilon=0.01),
        lambda w, g: loops.adam(w, g, 0.03, 0.7, 0.95, 0.01),
    ),
    "adam, uncorrected epsilon": (
        Adam(0.03, beta1=0.7, beta2=0.95, epsilon=0.01, uncorrected_epsilon=True),
        lambda w, g: loops.adam_reordered(w, g, 0.03, 0.7, 0.95, 0.01),
    ),
    "adamw": (
        AdamW(0.03, beta1=0.7, beta2=0.95, epsilon=0.01, weight_decay=0.4),
        lambda w, g: loops.adamw(w, g, 0.03, 0.7, 0.95, 0.01, 0.4),
    ),
    "rmsprop": (
        RMSProp(0.03, rho=0.8, epsilon=0.01),
        lambda w, g: loops.rmsprop(w, g, 0.03, 0.8, 0.01),
    ),
    "adagrad": (AdaGrad(0.03, epsilon=0.01), lambda w, g: loops.adagrad(w, g, 0.03, 0.01)),
}
DEFAULTS = {
    "sgd": (SGD(), lambda w, g: loops.sgd(w, g, 0.1)),
    "adam": (Adam(), lambda w, g: loops.adam(w, g, 0.001, 0.9, 0.999, 1e-8)),
    "adamw": (AdamW(), lambda w, g: loops.adamw(w, g, 0.001, 0.9, 0.999, 1e-8, 0.01)),
    "rmsprop": (RMSProp(), lambda w, g: loops.rmsprop(w, g, 0.001, 0.99, 1e-8)),
    "adagrad": (AdaGrad(), lambda w, g: loops.adagrad(w, g, 0.1, 1e-8)),
}


@pytest.fixture
def start():
    return np.random.default_rng(1).normal(size=SIZE)


@pytest.fixture
def gradients():
    return np.random.default_rng(2).normal(size=(STEPS, SIZE))


def run(optimizer, w, gradients, factors=None):
    """Return the parameters after each step."""
    w, state = w.copy(), optimizer.start(w)
    for step, g in enumerate(gradients, start=1):
        optimizer.update(
            w, g, state, factor=1.0 if factors is None else factors[step - 1], step=step
        )
        yield w.copy()


def test_every_optimizer_has_a_reference():
    assert {type(optimizer) for optimizer, _ in CASES.values()} == set(OPTIMIZERS)
    assert {type(optimizer) for optimizer, _ in DEFAULTS.values()} == set(OPTIMIZERS)


@pytest.mark.parametrize(
    ("optimizer", "reference"),
    [*CASES.values(), *DEFAULTS.values()],
    ids=[*CASES, *map("default {}".format, DEFAULTS)],
)
def test_every_step_is_that_of_the_definition(optimizer, reference, start, gradients):
    moved = list(run(optimizer, start, gradients))
    for place in range(SIZE):
        expected = list(reference(start[place], gradients[:, place]))
        np.testing.assert_allclose([w[place] for w in moved], expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    ("one", "other"),
    [(one, other) for one in CASES for other in CASES if one < other],
)
def test_no_two_optimizers_agree(one, other, start, gradients):
    paths = [list(run(CASES[name][0], start, gradients))[-1] for name in (one, other)]
    assert np.abs(paths[0] - paths[1]).min() > 1e-5


@pytest.mark.parametrize("optimizer", [case[0] for case in CASES.values()], ids=CASES)
def test_a_schedules_factor_is_a_smaller_learning_rate(optimizer, start, gradients):
    hyperparameters = {**vars(optimizer), "learning_rate": optimizer.learning_rate / 4}
    slower = type(optimizer)(**hyperparameters)
    scaled = list(run(optimizer, start, gradients, [0.25] * STEPS))
    np.testing.assert_allclose(scaled, list(run(slower, start, gradients)), rtol=1e-13)


@pytest.mark.parametrize("optimizer", [case[0] for case in CASES.values()], ids=CASES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_parameters_and_state_move_in_place_and_keep_their_type(optimizer, dtype, start, gradients):
    w, g = start.astype(dtype), gradients[0].astype(dtype)
    state = optimizer.start(w)
    stateful = not isinstance(optimizer, SGD) or optimizer.momentum > 0
    assert bool(state) == stateful
    for slot in state:
        assert (slot.shape, slot.dtype, slot.any()) == ((SIZE,), dtype, False)
    view, before, given = w[1:3], [slot[:] for slot in state], g.copy()
    optimizer.update(w, g, state, factor=0.5, step=1)
    assert w.dtype == dtype
    assert np.all(view != start[1:3].astype(dtype))
    np.testing.assert_array_equal(g, given)
    for slot, seen in zip(state, before, strict=True):
        assert slot.dtype == dtype
        np.testing.assert_array_equal(slot, seen)
    assert all(np.all(slot != 0) for slot in state)


@pytest.mark.parametrize("optimizer", [case[0] for case in CASES.values()], ids=CASES)
def test_the_rule_computes_in_the_type_of_its_numbers(optimizer, start, gradients):
    w, g = start.astype(np.float32), gradients[0].astype(np.float32)
    moved, state = optimizer.rule(w, g, optimizer.start(w), 0.1, 3)
    assert {moved.dtype, *(slot.dtype for slot in state)} == {np.dtype(np.float32)}


def test_adams_first_step_is_the_learning_rate_whatever_the_gradient():
    w, g = np.zeros(3), np.array([1e-3, -5.0, 2e4])
    optimizer = Adam(0.01)
    optimizer.update(w, g, optimizer.start(w), factor=1.0, step=1)
    np.testing.assert_allclose(w, [-0.01, 0.01, -0.01], rtol=1e-4)


@pytest.mark.parametrize(
    "optimizer", [AdamW(0.1, weight_decay=0.3), SGD(0.1), Adam(0.1), RMSProp(0.1), AdaGrad(0.1)]
)
def test_without_a_gradient_only_adamw_moves_and_only_towards_zero(optimizer):
    w = np.array([2.0, -1.0, 0.5])
    optimizer.update(w, np.zeros(3), optimizer.start(w), factor=0.5, step=1)
    shrunk = 1 - 0.05 * 0.3 if isinstance(optimizer, AdamW) else 1.0
    np.testing.assert_allclose(w, shrunk * np.array([2.0, -1.0, 0.5]), rtol=1e-15)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SGD(-0.1), r"SGD: expected a number 0 <= learning_rate, got -0\.1"),
        (lambda: SGD(float("nan")), "SGD: expected a number 0 <= learning_rate, got nan"),
        (lambda: Adam(float("inf")), "Adam: expected a number 0 <= learning_rate, got inf"),
        (lambda: Adam("fast"), "Adam: expected a number 0 <= learning_rate, got 'fast'"),
        (lambda: SGD(True), "SGD: expected a number 0 <= learning_rate, got True"),
        (lambda: SGD(momentum=1.5), r"SGD: expected a number 0 <= momentum <= 1, got 1\.5"),
        (lambda: SGD(momentum=-0.5), r"SGD: expected a number 0 <= momentum <= 1, got -0\.5"),
        (lambda: SGD(nesterov=True), r"SGD: nesterov needs a momentum > 0, such as 0\.9"),
        (lambda: Adam(beta1=1.0), "Adam: expected a number 0 <= beta1 < 1"),
        (lambda: Adam(beta2=1.5), "Adam: expected a number 0 <= beta2 < 1"),
        (lambda: Adam(epsilon=-1e-8), "Adam: expected a number 0 <= epsilon"),
        (lambda: AdamW(beta2=1.0), "AdamW: expected a number 0 <= beta2 < 1"),
        (lambda: AdamW(weight_decay=-1.0), "AdamW: expected a number 0 <= weight_decay"),
        (lambda: RMSProp(rho=1.0), "RMSProp: expected a number 0 <= rho < 1"),
        (lambda: AdaGrad(epsilon=-1.0), "AdaGrad: expected a number 0 <= epsilon"),
        (lambda: RMSProp(epsilon=float("nan")), "RMSProp: expected a number 0 <= epsilon"),
    ],
)
def test_hyperparameters_that_make_no_sense_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()
