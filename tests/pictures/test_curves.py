"""Functions and losses are drawn as their rules say, and kinks where they are."""

from dataclasses import dataclass

import numpy as np
import pytest
from scipy import special

from chainrule import (
    GELU,
    SELU,
    BinaryCrossEntropy,
    Chain,
    Classifier,
    CrossEntropy,
    Elementwise,
    ElementwiseLoss,
    Exp,
    ExpPoisson,
    FunctionsDisplay,
    Huber,
    LeakyReLU,
    Linear,
    Loss,
    LossesDisplay,
    MeanAbsoluteError,
    MeanOverMembers,
    MeanSquaredError,
    MLPRegressor,
    Poisson,
    QuantileLoss,
    ReLU,
    Residual,
    Sigmoid,
    SigmoidBinaryCrossEntropy,
    Softmax,
    SoftmaxCrossEntropy,
    Softplus,
    Tanh,
    mathematics as m,
)
from chainrule.functions import ACTIVATIONS
from chainrule.pictures.curves import find_jumps
from pictures.test_pictures import X, closed, pyplot, y

__all__ = ["closed"]

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def drawn(display, panel=0):
    """Return the points of a panel's function and derivative, without those at jumps."""
    pair = display.lines_[2 * panel : 2 * panel + 2]
    return [line.get_xydata()[np.isfinite(line.get_xydata()).all(axis=1)].T for line in pair]


@dataclass(frozen=True)
class Of(Elementwise):
    """Any function of one number, of which a test draws what it needs."""

    rule: object
    slope: object

    def value(self, x):
        return self.rule(x)

    def derivative(self, x, y):
        return self.slope(x)


@pytest.mark.parametrize(
    ("function", "value", "slope"),
    [
        (Tanh(), np.tanh, lambda x: 1 / np.cosh(x) ** 2),
        (Sigmoid(), special.expit, lambda x: special.expit(x) * special.expit(-x)),
        (Softplus(), lambda x: np.logaddexp(0, x), special.expit),
        (Exp(), np.exp, np.exp),
        (
            GELU(),
            lambda x: x * special.ndtr(x),
            lambda x: special.ndtr(x) + x * np.exp(-x * x / 2) / np.sqrt(2 * np.pi),
        ),
    ],
    ids=["tanh", "sigmoid", "softplus", "exp", "gelu"],
)
def test_a_function_is_drawn_with_its_derivative(function, value, slope):
    display = FunctionsDisplay.from_functions(function, low=-3, high=5)
    (x, y), (places, slopes) = drawn(display)
    assert (x[0], x[-1]) == (places[0], places[-1]) == (-3, 5)
    np.testing.assert_allclose(y, value(x), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(slopes, slope(places), rtol=1e-9, atol=1e-12)
    assert [line.get_label() for line in display.lines_] == ["y", "dy/dx"]
    assert (display.ax_.get_xlabel(), display.ax_.get_title()) == ("x", str(function))
    assert [line.get_linestyle() for line in display.lines_] == ["-", "--"]  # also seen in gray


def test_every_activation_has_a_panel_and_those_with_kinks_say_so():
    display = FunctionsDisplay.from_functions(*(kind() for kind in ACTIVATIONS.values()))
    assert [ax.get_title() for ax in display.axes_[: len(ACTIVATIONS)]] == [
        str(kind()) for kind in ACTIVATIONS.values()
    ]
    kinked = {curve.title: [kink.x for kink in curve.kinks] for curve in display.curves}
    assert {name: at for name, at in kinked.items() if at} == {
        "ReLU()": [0], "LeakyReLU()": [0], "SELU()": [0],
    }  # fmt: skip
    assert not any(curve.jumps for curve in display.curves)
    assert not any(ax.axison for ax in display.axes_[len(ACTIVATIONS) :])
    (legend,) = display.figure_.legends
    assert [text.get_text() for text in legend.get_texts()] == ["y", "dy/dx"]


def dots(ax, color):
    """Return where there are circles, and full dots."""
    marks = [line for line in ax.lines if line.get_marker() == "o"]
    return [
        [
            tuple(point)
            for line in marks
            if (line.get_markerfacecolor() == "white") == empty
            for point in line.get_xydata()
        ]
        for empty in (True, False)
    ]


@pytest.mark.parametrize(
    ("function", "before", "after"),
    [(ReLU(), 0, 1), (LeakyReLU(0.2), 0.2, 1), (SELU(), 1.758099, 1.050701)],
)
def test_at_a_kink_the_derivative_is_what_the_rule_says(function, before, after):
    display = FunctionsDisplay.from_functions(function)
    x, slopes = display.lines_[1].get_xydata().T
    np.testing.assert_allclose(slopes[x == 0], [before, np.nan, after], rtol=1e-6)
    circles, full = dots(display.ax_, display.lines_[1].get_color())
    np.testing.assert_allclose(circles, [(0, after)], rtol=1e-6)
    np.testing.assert_allclose(full, [(0, before)], rtol=1e-6)


def test_a_value_of_its_own_at_a_kink_lies_between_both_limits():
    display = LossesDisplay.from_losses(MeanAbsoluteError())
    circles, full = dots(display.ax_, display.lines_[1].get_color())
    assert circles == [(0, -1), (0, 1)]
    assert full == [(0, 0)]


def test_kinks_of_ones_own_functions_are_found_between_the_points():
    third, seventh = 1 / 3, 22 / 7
    rule = Of(
        lambda x: m.abs(x - third) + m.maximum(x, seventh),
        lambda x: m.where(x > third, 1, -1) + m.where(x > seventh, 1, 0),
    )
    (curve,) = FunctionsDisplay.from_functions(rule).curves
    np.testing.assert_allclose([kink.x for kink in curve.kinks], [third, seventh], atol=1e-11)
    assert [(kink.before, kink.after) for kink in curve.kinks] == [(-1, 1), (1, 2)]


def test_a_step_is_a_jump_of_the_function_itself():
    step = Of(lambda x: m.where(x > 1, 3, 0 * x), lambda x: 0 * x)
    display = FunctionsDisplay.from_functions(step)
    x, values = display.lines_[0].get_xydata().T
    np.testing.assert_array_equal(values[x == 1], [0, np.nan, 3])
    assert not display.curves[0].kinks


@pytest.mark.parametrize("steepness", [1.0, 1e6])
def test_what_is_steep_is_no_kink(steepness):
    assert not find_jumps(lambda x: np.tanh(steepness * x), np.linspace(-4, 4, 401))


def test_what_goes_to_infinity_is_cut_off():
    pole = Of(lambda x: 1 / x, lambda x: -1 / (x * x))
    with np.errstate(divide="ignore"):
        curves = FunctionsDisplay.from_functions(pole, Exp(), Tanh()).curves
    assert not curves[0].kinks
    assert -25 < curves[0].limits()[0] < -1
    assert 20 < curves[1].limits()[1] < np.exp(4)
    np.testing.assert_allclose(curves[2].limits(), [-1.12, 1.12], atol=0.02)


LOSSES = {
    MeanSquaredError(): (lambda y: y**2, lambda y: 2 * y),
    MeanAbsoluteError(): (np.abs, np.sign),
    Huber(0.5): (lambda y: special.huber(0.5, y), lambda y: np.clip(y, -0.5, 0.5)),
    Poisson(): (lambda y: y - 2 * np.log(y) - 2 + 2 * np.log(2), lambda y: 1 - 2 / y),
    ExpPoisson(): (lambda z: np.exp(z) - 2 * z - 2 + 2 * np.log(2), lambda z: np.exp(z) - 2),
    CrossEntropy(): (lambda y: -np.log(y), lambda y: -1 / y),
    SoftmaxCrossEntropy(): (lambda z: np.logaddexp(0, -z), lambda z: special.expit(z) - 1),
}


@pytest.mark.parametrize("loss", LOSSES, ids=str)
def test_a_loss_is_drawn_with_its_derivative(loss):
    value, slope = LOSSES[loss]
    display = LossesDisplay.from_losses(loss)
    (x, values), (places, slopes) = drawn(display)
    np.testing.assert_allclose(values, value(x), rtol=1e-9, atol=1e-12)
    apart = places != 0  # where the absolute error has both limits
    np.testing.assert_allclose(slopes[apart], slope(places[apart]), rtol=1e-9, atol=1e-12)


def test_binary_cross_entropy_has_a_panel_for_each_class():
    display = LossesDisplay.from_losses(BinaryCrossEntropy(), SigmoidBinaryCrossEntropy())
    assert [ax.get_xlabel() for ax in display.axes_] == [
        "output y, of target 1",
        "output y, of target 0",
        "score z, of target 1",
        "score z, of target 0",
    ]
    for panel, value, slope in (
        (0, lambda y: -np.log(y), lambda y: -1 / y),
        (1, lambda y: -np.log1p(-y), lambda y: 1 / (1 - y)),
        (2, lambda z: np.logaddexp(0, -z), lambda z: -special.expit(-z)),
        (3, lambda z: np.logaddexp(0, z), special.expit),
    ):
        (x, values), (places, slopes) = drawn(display, panel)
        np.testing.assert_allclose(values, value(x), rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(slopes, slope(places), rtol=1e-9, atol=1e-12)


def test_each_quantile_has_a_panel_and_members_have_their_own_loss():
    display = LossesDisplay.from_losses(MeanOverMembers(QuantileLoss((0.1, 0.7))))
    titles = [curve.title for curve in display.curves]
    assert titles == ["QuantileLoss(quantile=0.1)", "QuantileLoss(quantile=0.7)"]
    _, (places, slopes) = drawn(display, 1)
    np.testing.assert_allclose(slopes[places < 0], -0.7)
    np.testing.assert_allclose(slopes[places > 0], 0.3)


def test_a_loss_of_ones_own_is_drawn_for_the_targets_that_are_said():
    class Fourth(ElementwiseLoss):
        def error(self, y, t):
            return (y - t) ** 4

        def derivative(self, y, t):
            return 4 * (y - t) ** 3

    display = LossesDisplay.from_losses(Fourth(), targets=(1, 2), low=0, high=3)
    (x, values), (places, slopes) = drawn(display, 1)
    assert (x[0], x[-1]) == (0, 3)
    np.testing.assert_allclose(values, (x - 2) ** 4)
    np.testing.assert_allclose(slopes, 4 * (places - 2) ** 3)
    assert display.axes_[1].get_xlabel() == "output y, of target 2"


def test_a_network_shows_its_activations_once_and_its_fused_loss():
    layers = (Linear(3), Tanh(), Residual((Linear(3), ReLU())), Linear(3), Tanh())
    model = Classifier(Chain(*layers), complete=True, max_iter=1).fit(X, y)
    display = FunctionsDisplay.from_estimator(model)
    assert [curve.title for curve in display.curves] == ["Tanh()", "ReLU()"]
    losses = LossesDisplay.from_estimator(model)
    assert [curve.title for curve in losses.curves] == ["SoftmaxCrossEntropy()"]
    assert [line.get_label() for line in losses.lines_] == ["loss of a sample", "its derivative"]
    linear = Classifier(Chain(Linear(10), Softmax()), max_iter=1).fit(X, y)
    with pytest.raises(ValueError, match=r"expected a network with activations, got Chain\(Linear"):
        FunctionsDisplay.from_estimator(linear)
    with pytest.raises(ValueError, match="FunctionsDisplay: expected a MLPRegressor with chain_"):
        FunctionsDisplay.from_estimator(MLPRegressor())


def test_one_function_is_drawn_where_it_is_told_and_several_take_the_place():
    figure, (left, right) = pyplot.subplots(1, 2)
    display = FunctionsDisplay.from_functions(Tanh(), ax=left)
    assert display.ax_ is left
    assert left.get_legend() is not None
    assert not right.lines
    several = FunctionsDisplay.from_functions(Tanh(), ReLU(), ax=right)
    assert right not in figure.axes
    assert several.figure_ is figure
    assert len(several.axes_) == 2
    whole = pyplot.figure()
    filled = FunctionsDisplay.from_functions(Tanh(), ReLU(), ax=whole)
    assert filled.figure_ is whole
    assert list(filled.axes_) == whole.axes
    with pytest.raises(ValueError, match="FunctionsDisplay: expected ax from a figure's subplots"):
        FunctionsDisplay.from_functions(Tanh(), ReLU(), ax=figure.add_axes((0, 0, 1, 1)))


def test_what_cannot_be_drawn_is_named():
    for wrong in (ReLU, Softmax(), "relu", np.tanh):
        with pytest.raises(TypeError, match="FunctionsDisplay: expected elementwise functions"):
            FunctionsDisplay.from_functions(wrong)
    with pytest.raises(ValueError, match=r"expected functions such as Tanh\(\), got none"):
        FunctionsDisplay.from_functions()
    for low, high in ((1, 1), (2, -2), (0, np.inf), ("a", 1), (np.nan, 1)):
        with pytest.raises(ValueError, match=r"Tanh\(\): expected numbers low < high, got"):
            FunctionsDisplay.from_functions(Tanh(), low=low, high=high)
    with pytest.raises(TypeError, match="expected a loss such as CrossEntropy"):
        LossesDisplay.from_losses(Huber)
    with pytest.raises(ValueError, match="expected losses such as Huber"):
        LossesDisplay.from_losses()
    with pytest.raises(ValueError, match="BinaryCrossEntropy: expected outputs from 0 to 1"):
        LossesDisplay.from_losses(BinaryCrossEntropy(), low=-1)

    class Other(Loss):
        targets = errors = error_gradients = None

    with pytest.raises(TypeError, match="expected a loss that is one of ElementwiseLoss, Poisson"):
        LossesDisplay.from_losses(Other())
