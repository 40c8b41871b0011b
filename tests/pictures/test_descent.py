"""The ways on a surface are those that training takes, and the surface is the loss."""

import numpy as np
import pytest

from chainrule import (
    SGD,
    AdaGrad,
    Adam,
    AdamW,
    BinaryCrossEntropy,
    Chain,
    Cosine,
    DescentDisplay,
    Linear,
    MeanSquaredError,
    MLPRegressor,
    Plan,
    Poisson,
    RMSProp,
    Sigmoid,
    Tanh,
    descend,
    train,
)
from pictures.test_pictures import closed, pyplot

__all__ = ["closed"]

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

x = np.linspace(-1, 1, 9)
t = 3 * x**2 - 2 * x + 1 + 0.1 * (-1.0) ** np.arange(9)
POWERS = np.stack([x, x**2], axis=1)
"""The notes' parabola, whose w_0 is the bias."""

SMALL = {"points": 5, "steps": 6}


def parabola(bias=1.0):
    chain = Chain(Linear(1)).initialize((2,), dtype=np.float64)
    chain.parameters.flat[...] = 0
    chain.parameters["b0"][...] = bias
    return chain


def drawn(chain, **more):
    names = ("W0[0,0]", "W0[1,0]")
    given = {"parameters": names, **SMALL, **more}
    return DescentDisplay.from_chain(chain, MeanSquaredError(), POWERS, t, **given)


def test_gradient_descent_takes_the_steps_of_the_notes():
    def error(w):
        return np.sum((w[1] * x**2 + w[0] * x + 1 - t) ** 2)

    def gradient(w):
        return 2 * POWERS.T @ (POWERS @ w + 1 - t)

    display = drawn(parabola(), optimizers=SGD(0.05 * len(x)), steps=30)
    path = descend(error, [0, 0], learning_rate=0.05, steps=30, gradient=gradient)
    (way,) = display.lines_
    np.testing.assert_allclose(way.get_xydata(), path, rtol=1e-12)
    first, second = (np.linspace(*ends, 5) for ends in display.limits)
    expected = [[error(np.array([a, b])) / len(x) for a in first] for b in second]
    np.testing.assert_allclose(display.heights_, expected, rtol=1e-12)
    losses = display.descents[0].heights
    np.testing.assert_allclose(losses, [error(w) / len(x) for w in path], rtol=1e-12)
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("W0[0,0]", "W0[1,0]")


@pytest.mark.parametrize(
    "optimizer",
    [
        SGD(0.3),
        SGD(0.2, momentum=0.8),
        SGD(0.2, momentum=0.8, nesterov=True),
        Adam(0.3),
        AdamW(0.3, weight_decay=0.5, decay_schedule=Cosine(), decay_factors={"W": 0.5}),
        RMSProp(0.1, rate_factors={"W0": 2}),
        AdaGrad(0.5),
    ],
    ids=repr,
)
def test_an_optimizer_takes_the_steps_that_it_takes_in_training(optimizer):
    chain = Chain(Linear(1, bias=False)).initialize((2,), dtype=np.float64)
    before = chain.parameters.flat.copy()
    way = DescentDisplay.from_chain(
        chain, MeanSquaredError(), POWERS, t, optimizers=optimizer, **SMALL
    ).descents[0]
    np.testing.assert_array_equal(chain.parameters.flat, before)
    np.testing.assert_array_equal(way.points[0], before)
    plan = Plan(optimizer, batch_size=None, epochs=6, patience=None)
    history = train(chain, MeanSquaredError(), POWERS, t, plan)
    np.testing.assert_allclose(way.points[-1], chain.parameters.flat, rtol=1e-10)
    np.testing.assert_allclose(way.heights[:-1], history.losses, rtol=1e-10)


def test_a_rate_that_is_too_large_diverges_beside_one_that_is_not():
    curvature = np.linalg.eigvalsh(2 * POWERS.T @ POWERS / len(x)).max()
    rates = (0.5 / curvature, 2.2 / curvature)
    display = drawn(parabola(), optimizers=[SGD(rate) for rate in rates], steps=40)
    fallen, risen = (way.heights for way in display.descents)
    assert (np.diff(fallen) < 0).all()
    assert (np.diff(risen[5:]) > 0).all()
    assert [ax.get_title().partition("\n")[0] for ax in display.axes_] == [
        f"SGD, η = {rate:g}" for rate in rates
    ]
    assert (
        display.axes_[1].get_title().endswith(f"loss {risen[0]:.3g} → {risen[-1]:.3g} in 40 steps")
    )
    for way, (low, high) in zip(display.descents[0].points.T, display.limits, strict=True):
        assert low < way.min() < way.max() < high
    limits = [(ax.get_xlim(), ax.get_ylim()) for ax in display.axes_]
    assert limits[0] == limits[1] == display.limits


def test_a_way_ends_where_the_loss_is_no_number():
    (way,) = drawn(parabola(), optimizers=SGD(1e80), steps=50).descents
    assert 1 < len(way.points) < 50
    assert np.isfinite(way.heights).all()


def test_the_other_parameters_stay_and_momentum_is_named():
    display = drawn(parabola(0.5), optimizers=SGD(0.1, momentum=0.9, nesterov=True), start=(1, -1))
    np.testing.assert_array_equal(display.descents[0].points[0], [1, -1])
    assert display.surface.chain.parameters["b0"] == 0.5
    title = display.ax_.get_title().partition("\n")[0]
    assert title == "SGD, η = 0.1, momentum 0.9, nesterov"


def test_arrows_point_where_the_loss_falls():
    display = drawn(parabola(), limits=((-5, 1), (0, 6)))
    (arrows,) = [each for each in display.ax_.collections if hasattr(each, "U")]
    places = np.stack([arrows.X, arrows.Y], axis=1)
    slopes = -2 / len(x) * (places @ POWERS.T + 1 - t) @ POWERS
    turned = arrows.U * slopes[:, 1] - arrows.V * slopes[:, 0]
    np.testing.assert_allclose(turned, 0, atol=1e-12)
    assert (arrows.U * slopes[:, 0] + arrows.V * slopes[:, 1] > 0).all()
    lengths = np.hypot(arrows.U, arrows.V)
    assert lengths.max() == pytest.approx(1)


def test_parameters_are_named_by_their_places():
    X = np.eye(3)
    chain = Chain(Linear(2), Tanh(), Linear(1), Sigmoid()).initialize(X, dtype=np.float64)
    names = ("W1[1,0]", "b1")
    display = DescentDisplay.from_chain(
        chain, BinaryCrossEntropy(), X, [0, 1, 1], parameters=names, **SMALL
    )
    present = [chain.parameters["W1"][1, 0], chain.parameters["b1"][0]]
    np.testing.assert_array_equal(display.descents[0].points[0], present)
    _, gradient = chain.gradient(BinaryCrossEntropy(), X, [0, 1, 1])
    step = [gradient["W1"][1, 0], gradient["b1"][0]]
    np.testing.assert_allclose(
        display.descents[0].points[1], np.subtract(present, 0.1 * np.array(step))
    )


def test_where_the_loss_refuses_the_outputs_nothing_is_drawn():
    chain = Chain(Linear(1)).initialize((1,), dtype=np.float64)
    chain.parameters.flat[...] = [1, 3]
    limits = ((-1, 1), (-2, 4))
    display = DescentDisplay.from_chain(
        chain, Poisson(), [[0.0], [1.0]], [1, 2], optimizers=SGD(50.0), limits=limits, **SMALL
    )
    w, b = np.meshgrid(np.linspace(-1, 1, 5), np.linspace(-2, 4, 5))
    np.testing.assert_array_equal(np.isnan(display.heights_), (b <= 0) | (w + b <= 0))
    assert len(display.descents[0].points) == 1


def test_a_fitted_network_shows_its_own_loss():
    model = MLPRegressor(hidden_layer_sizes=(3,), max_iter=3, random_state=0).fit(POWERS, t)
    names = ("W0[1,2]", "b1")
    display = DescentDisplay.from_estimator(model, POWERS, t, parameters=names, **SMALL)
    loss = model._objective(model.targets_).loss
    expected = model.chain_.astype(np.float64).loss(loss, POWERS, t)
    assert display.descents[0].heights[0] == pytest.approx(expected, rel=1e-12)


def test_panels_take_the_place_of_an_axes():
    figure, (left, right) = pyplot.subplots(1, 2)
    display = drawn(parabola(), ax=left)
    assert display.ax_ is left
    several = drawn(parabola(), ax=right, optimizers=[SGD(0.1), Adam(0.1)])
    assert right not in figure.axes
    assert several.figure_ is figure
    assert len(several.axes_) == 2


def bowl(x):
    return x[0] ** 2 / 2 + 10 * x[1] ** 2


@pytest.mark.parametrize("gradient", [None, lambda x: x * [1, 20]])
def test_a_function_of_two_numbers_is_a_surface_too(gradient):
    display = DescentDisplay.from_function(
        bowl, (4, 1), gradient=gradient, optimizers=SGD(0.09), **SMALL
    )
    factors = np.array([1 - 0.09, 1 - 0.09 * 20])
    expected = [[4, 1] * factors**k for k in range(7)]
    np.testing.assert_allclose(display.lines_[0].get_xydata(), expected, rtol=1e-9)
    first, second = (np.linspace(*ends, 5) for ends in display.limits)
    heights = [[bowl([a, b]) for a in first] for b in second]
    np.testing.assert_allclose(display.heights_, heights)
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("x[0]", "x[1]")
    last = bowl(expected[-1])
    assert display.ax_.get_title() == f"SGD, η = 0.09\nf(x) 18 → {last:.3g} in 6 steps"


def test_a_surface_has_the_heights_and_the_way_lies_on_it():
    display = DescentDisplay.from_function(
        bowl, (4, 1), optimizers=[SGD(0.09), Adam(0.5)], kind="surface", **SMALL
    )
    assert [ax.name for ax in display.axes_] == ["3d", "3d"]
    for way, descent in zip(display.lines_, display.descents, strict=True):
        x, y, z = (np.ma.filled(np.ma.asarray(part, float), np.nan) for part in way.get_data_3d())
        seen = ~np.isnan(z)
        assert seen.sum() > 1
        np.testing.assert_array_equal(np.stack([x, y], axis=1)[seen], descent.points[seen])
        np.testing.assert_allclose(z[seen], [bowl(point) for point in descent.points[seen]])
    first, second = (np.linspace(*ends, 5) for ends in display.limits)
    np.testing.assert_allclose(display.heights_, [[bowl([a, b]) for a in first] for b in second])
    shadow = display.axes_[0].lines[0].get_data_3d()[2]
    assert np.all(shadow < display.heights_.min())
    assert display.axes_[0].get_title().startswith("SGD, η = 0.09\nf(x) 18 → ")


def test_a_surface_takes_the_place_of_an_axes():
    figure, (left, right) = pyplot.subplots(1, 2)
    display = drawn(parabola(), ax=left, kind="surface")
    assert left not in figure.axes
    assert right in figure.axes
    assert display.ax_.name == "3d"
    round_one = pyplot.figure().add_subplot(projection="3d")
    assert drawn(parabola(), ax=round_one, kind="surface").ax_ is round_one


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"function": lambda x: x}, "expected a function from x .* to a number, got array"),
        ({"gradient": lambda x: 1.0}, "expected gradient to return two numbers"),
        ({"start": 1}, "expected start of two numbers, got 1"),
        ({"optimizers": SGD(1, rate_factors={"x": 1})}, "an optimizer without factors"),
        ({"function": lambda x: np.log(x[0])}, r"expected a finite f\(x\) at the start"),
    ],
)
def test_a_function_that_is_no_surface_is_named(given, message):
    function, start = given.pop("function", bowl), given.pop("start", (0, 1))
    with pytest.raises((TypeError, ValueError), match=message):
        DescentDisplay.from_function(function, start, **SMALL, **given)


def test_an_estimator_is_no_chain():
    with pytest.raises(TypeError, match="expected a Chain, or from_estimator, got a MLPRegressor"):
        DescentDisplay.from_chain(MLPRegressor(), MeanSquaredError(), POWERS, t)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"parameters": None}, r"expected two parameters such as .* of those of shapes W0\[2,1\]"),
        ({"parameters": ("W0[0,0]",)}, "expected two parameters"),
        ({"parameters": ("b0", "b0[0]")}, "expected two parameters"),
        ({"parameters": 2}, "expected two parameters such as .*, got 2"),
        ({"start": (1e200, 0)}, "expected a finite loss at the start .*, got inf"),
        ({"parameters": ("W0[0,0]", "W1[0,0]")}, r"one of the numbers in W0\[2,1\], b0\[1\], got"),
        ({"parameters": ("W0[2,0]", "b0")}, r"got 'W0\[2,0\]'"),
        ({"parameters": ("W0", "b0")}, "got 'W0'"),
        ({"parameters": ("W0[0]", "b0")}, r"got 'W0\[0\]'"),
        ({"parameters": (0, "b0")}, "got 0"),
        ({"optimizers": []}, "expected optimizers such as .*, got none"),
        ({"optimizers": [SGD]}, "expected optimizers such as"),
        ({"optimizers": 0.1}, "expected optimizers such as .*, got 0.1"),
        ({"optimizers": SGD(0.1, rate_factors={"V": 1})}, "got one for 'V'"),
        ({"steps": 0}, "expected steps to be a whole number >= 1, got 0"),
        ({"points": 1}, "expected points to be a whole number >= 2, got 1"),
        ({"start": (1, 2, 3)}, "expected start of two numbers"),
        ({"start": (1, np.nan)}, "expected start of two numbers"),
        ({"limits": ((1, 0), (0, 1))}, "expected limits such as"),
        ({"limits": (0, 1)}, "expected limits such as"),
        ({"kind": "hill"}, "expected kind to be 'contours' or 'surface', got 'hill'"),
    ],
)
def test_what_is_wrong_is_named(given, message):
    with pytest.raises((TypeError, ValueError), match=message):
        drawn(parabola(), **given)
