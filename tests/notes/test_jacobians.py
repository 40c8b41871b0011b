"""The lecture "Multivariate Functions and Jacobians": each formula in its order."""

import numpy as np
import pytest
import sympy

from chainrule import notation
from chainrule.chain import Chain
from chainrule.checking import ascend, descend, finite_difference, jacobian
from chainrule.functions import Linear, ReLU, Sigmoid, Softmax, Tanh
from chainrule.losses import BinaryCrossEntropy, CrossEntropy, MeanSquaredError
from notes.comparison import assert_equal

N, K = 5, 4

FUNCTIONS = {
    "z = x + y": (lambda v: v[0] + v[1], lambda v: [1.0, 1.0]),
    "z = x x + y y": (lambda v: v[0] ** 2 + v[1] ** 2, lambda v: [2 * v[0], 2 * v[1]]),
    "z = x y": (lambda v: v[0] * v[1], lambda v: [v[1], v[0]]),
    "z = 1/3 x[i]": (lambda v: sum(v) / 3, lambda v: [1 / 3] * 3),
    "z = 1/3 x[i] x[i]": (lambda v: sum(v**2) / 3, lambda v: [2 * x / 3 for x in v]),
}


@pytest.fixture(params=FUNCTIONS)
def function(request):
    """Return one of the lecture's functions: a line, f, its gradient, and a place."""
    f, gradient = FUNCTIONS[request.param]
    place = np.array([1.5, -2.0, 0.25][: 3 if "[i]" in request.param else 2])
    return notation.parse(request.param), f, gradient, place


def operands(line, place):
    return {"x": place} if line.names == ("x",) else {"x": place[0], "y": place[1]}


def test_values(function):
    line, f, _, place = function
    assert_equal(notation.evaluate(line, operands(line, place)), f(place))


def test_gradients(function):
    line, f, gradient, place = function
    assert_equal(finite_difference(f, place), gradient(place))
    arrays = operands(line, place)
    parts = [
        notation.backprop(line, arrays, np.array(1.0), by=name).reshape(-1) for name in line.names
    ]
    assert_equal(np.concatenate(parts), gradient(place))


def test_partial_derivatives_are_limits_of_quotients(function):
    _, f, gradient, place = function
    for i in range(len(place)):
        errors = []
        for h in (1e-2, 1e-3):
            moved = place.copy()
            moved[i] += h
            errors.append(abs((f(moved) - f(place)) / h - gradient(place)[i]))
        assert errors[1] < 1.1e-3
        assert errors[1] <= errors[0] / 9 + 1e-10


def test_steps_up_and_down(function):
    _, f, gradient, place = function
    alpha, slope = 0.1, np.array(gradient(place))
    up = ascend(f, place, learning_rate=alpha, steps=2)
    down = descend(f, place, learning_rate=alpha, steps=2)
    assert_equal(up[:2], np.stack([place, place + alpha * slope]))
    assert_equal(down[:2], np.stack([place, place - alpha * slope]))
    assert_equal(down[2], down[1] - alpha * np.array(gradient(down[1])))
    for i in range(len(place)):
        assert_equal(up[1][i], place[i] + alpha * slope[i])
    assert f(up[2]) > f(up[1]) > f(place) > f(down[1]) > f(down[2])


@pytest.mark.parametrize("text", [text for text in FUNCTIONS if "[i]" not in text])
def test_four_combinations_of_signs(text):
    f, gradient = FUNCTIONS[text]
    place = np.array([1.5, -2.0])
    slope, alpha, changes = np.array(gradient(place)), 1e-6, {}
    for signs in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
        changes[signs] = (f(place + alpha * np.array(signs) * slope) - f(place)) / alpha
        assert changes[signs] == pytest.approx(sum(np.array(signs) * slope**2), abs=1e-4)
    assert max(changes, key=changes.get) == (1, 1)
    assert min(changes, key=changes.get) == (-1, -1)


def test_the_gradient_is_the_steepest_direction(function):
    _, f, gradient, place = function
    directions = np.random.default_rng(0).normal(size=(2000, len(place)))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    slope = np.array(gradient(place))
    unit = slope / np.linalg.norm(slope)
    changes = np.array([f(place + 1e-5 * d) - f(place) for d in directions])
    assert f(place + 1e-5 * unit) - f(place) >= changes.max() - 1e-9
    assert f(place - 1e-5 * unit) - f(place) <= changes.min() + 1e-9


def test_mean_of_squares_by_the_chain_rule_through_u():
    x = np.array([0.5, -1.0, 2.5])
    dz_du = finite_difference(lambda u: sum(u) / 3, x**2)
    du_dx = jacobian(lambda x: x**2, x)
    assert_equal(np.diag(du_dx), 2 * x)
    assert_equal(dz_du @ du_dx, 2 * x / 3)


def test_a_jacobian_has_a_row_for_each_output():
    x = np.array([0.5, -1.0, 2.5])
    J = jacobian(lambda x: np.array([x[0] * x[1], np.exp(x[2])]), x)
    assert_equal(J, np.array([[x[1], x[0], 0], [0, 0, np.exp(x[2])]]))
    assert finite_difference(lambda x: x[0] * x[1], x).shape == (3,)


@pytest.mark.parametrize("n", [3, 7])
def test_dot_product(n):
    u, v = np.random.default_rng(n).normal(size=(2, n))
    line = notation.parse("z = u[i] v[i]")
    assert_equal(notation.evaluate(line, {"u": u, "v": v}), sum(u[i] * v[i] for i in range(n)))
    assert_equal(notation.dense_jacobian(line, {"u": u, "v": v}, by="u"), v)
    assert_equal(notation.dense_jacobian(line, {"u": u, "v": v}, by="v"), u)
    assert_equal(finite_difference(lambda u: u @ v, u), v)
    assert_equal(finite_difference(lambda v: u @ v, v), u)


def test_affine_function_and_its_backprop():
    rng, line = np.random.default_rng(1), notation.parse("z = x[i] w[i] + b")
    arrays = {"x": rng.normal(size=3), "w": rng.normal(size=3), "b": np.array(0.3)}
    x, w, dJ_dz = arrays["x"], arrays["w"], np.array(-1.7)
    assert_equal(notation.evaluate(line, arrays), x.T @ w + 0.3)
    for name, jacobian_by in {"x": w.T, "w": x.T, "b": np.array(1.0)}.items():
        assert_equal(notation.dense_jacobian(line, arrays, by=name), jacobian_by)
        assert_equal(notation.backprop(line, arrays, dJ_dz, by=name), dJ_dz * jacobian_by)


ACTIVATIONS = {
    Sigmoid(): lambda z, a: a * (1 - a),
    Tanh(): lambda z, a: (1 + a) * (1 - a),
    ReLU(): lambda z, a: np.where(z >= 0, 1.0, 0.0),
}


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=str)
def test_activations(activation):
    rng = np.random.default_rng(2)
    z, dJ_da = rng.normal(size=(5, 3)), rng.normal(size=(5, 3))
    a = activation.forward(z, {})
    da_dz = ACTIVATIONS[activation](z, a)
    assert_equal(activation.slopes(z, a), da_dz)
    assert_equal(activation.backprop(dJ_da, z, a, {})[0], dJ_da * da_dz)
    for n in range(5):
        numeric = jacobian(lambda row: activation.forward(row, {}), z[n])
        assert_equal(activation.jacobian(z, {})[n], numeric)


@pytest.mark.parametrize("activation", [Sigmoid(), Tanh()], ids=str)
def test_activations_in_symbols(activation):
    z = sympy.Symbol("z", real=True)
    a = activation.value(z)
    stated = ACTIVATIONS[activation](z, a)
    assert sympy.simplify((sympy.diff(a, z) - stated).rewrite(sympy.exp)) == 0
    assert sympy.simplify(activation.derivative(z, a) - stated) == 0


@pytest.mark.parametrize("activation", [*ACTIVATIONS, None], ids=str)
def test_neuron(activation):
    rng = np.random.default_rng(3)
    neuron = Chain(Linear(1), *([activation] if activation else []))
    neuron.initialize((3,), dtype=np.float64, seed=5)
    neuron.parameters["b0"][0] = 1.3
    x, y = rng.normal(size=3), np.array([[0.9]])
    w, b, alpha = neuron.parameters["W0"][:, 0].copy(), 1.3, 0.01
    z = x.T @ w + b
    a = neuron.forward(x[None])[0, 0]
    da_dz = ACTIVATIONS[activation](z, a) if activation else 1.0
    dJ_da = -2 * (0.9 - a)

    J, gradient = neuron.gradient(MeanSquaredError(), x[None], y)
    dJ_dx = neuron.input_gradient(MeanSquaredError(), x[None], y)[0]
    assert_equal(J, (0.9 - a) ** 2)
    assert_equal(dJ_dx, dJ_da * da_dz * w.T)
    assert_equal(gradient["W0"][:, 0], dJ_da * da_dz * x.T)
    assert_equal(gradient["b0"][0], dJ_da * da_dz)

    neuron.parameters.flat -= alpha * gradient.flat
    assert_equal(neuron.parameters["W0"][:, 0], w - alpha * dJ_da * da_dz * x)
    assert_equal(neuron.parameters["b0"][0], b - alpha * dJ_da * da_dz)
    assert neuron.loss(MeanSquaredError(), x[None], y) < J


@pytest.fixture
def binary():
    y = np.array([[1.0], [0.0], [0.0], [1.0], [1.0]])
    return y, np.random.default_rng(4).uniform(0.05, 0.95, size=(N, 1))


@pytest.fixture
def classes():
    labels = np.array([0, 3, 1, 3, 2])
    p = Softmax().forward(np.random.default_rng(5).normal(size=(N, K)), {})
    return labels, np.eye(K)[labels], p


def test_losses_over_a_mini_batch(binary, classes):
    (y, s), (labels, T, p) = binary, classes
    J_mse = sum((y[i, 0] - s[i, 0]) ** 2 for i in range(N)) / N
    J_bce = -sum(y * np.log(s) + (1 - y) * np.log(1 - s))[0] / N
    J_cce = -sum(sum(T[i, k] * np.log(p[i, k]) for k in range(K)) for i in range(N)) / N
    assert_equal(MeanSquaredError().value(s, y), J_mse)
    assert_equal(BinaryCrossEntropy().value(s, y), J_bce)
    assert_equal(CrossEntropy().value(p, T), J_cce)
    assert_equal(CrossEntropy().value(p, labels), J_cce)


def test_each_sample_has_one_nth_of_the_mean(binary, classes):
    J_0 = np.random.default_rng(6).normal(size=N)
    assert_equal(finite_difference(np.mean, J_0), np.full(N, 1 / N))
    cases = [(MeanSquaredError(), *binary), (BinaryCrossEntropy(), *binary)]
    for loss, targets, outputs in [*cases, (CrossEntropy(), *classes[1:])]:
        for i in range(N):
            one = slice(i, i + 1)

            def own_loss(y, loss=loss, target=targets[one]):
                return loss.errors(y, target)[0]

            own = finite_difference(own_loss, outputs[one])
            assert_equal(loss.gradient(outputs, targets)[one], own / N)


def test_gradient_of_mean_squared_error(binary):
    y, s = binary
    assert_equal(MeanSquaredError().error_gradients(s, y), -2 * (y - s))
    assert_equal(MeanSquaredError().gradient(s, y), -2 / N * (y - s))


def test_each_step_of_the_binary_derivation():
    s, y = sympy.symbols("s y", positive=True)
    J = -(y * sympy.log(s) + (1 - y) * sympy.log(1 - s))
    steps = [
        -(sympy.diff(y * sympy.log(s), s) + sympy.diff((1 - y) * sympy.log(1 - s), s)),
        -(y / s - (1 - y) / (1 - s)),
        -(y - y * s - s + s * y) / (s * (1 - s)),
        (s - y) / (s * (1 - s)),
    ]
    for step in steps:
        assert sympy.simplify(sympy.diff(J, s) - step) == 0


def test_gradient_of_binary_cross_entropy(binary):
    y, s = binary
    assert_equal(BinaryCrossEntropy().error_gradients(s, y), (s - y) / (s * (1 - s)))
    assert_equal(BinaryCrossEntropy().gradient(s, y), (s - y) / (s * (1 - s)) / N)


def test_gradient_of_cross_entropy(classes):
    _, T, p = classes
    assert_equal(CrossEntropy().error_gradients(p, T), -T / p)
    assert_equal(CrossEntropy().gradient(p, T), -T / p / N)
    soft = p[::-1]
    assert_equal(CrossEntropy().error_gradients(p, soft), -soft / p)


@pytest.mark.parametrize("label", range(K))
def test_one_label_leaves_one_entry(label, classes):
    output = classes[2][:1]
    gradient = CrossEntropy().gradient(output, [label])[0]
    assert_equal(CrossEntropy().value(output, [label]), -np.log(output[0, label]))
    for i in range(K):
        assert_equal(gradient[i], -1 / output[0, label] if i == label else 0.0)


def test_derivative_of_the_denominator():
    logits = sympy.symbols("l1:5", real=True)
    S = sum(sympy.exp(each) for each in logits)
    for each in logits:
        assert sympy.diff(S, each) == sympy.exp(each)


@pytest.mark.parametrize("j", range(3))
def test_each_step_of_the_softmax_derivation(j):
    logits, i = sympy.symbols("l1:4", real=True), 1
    S, e = sum(sympy.exp(each) for each in logits), [sympy.exp(each) for each in logits]
    p = [each / S for each in e]
    steps = [(sympy.diff(e[i], logits[j]) * S - e[i] * sympy.diff(S, logits[j])) / S**2]
    if i == j:
        steps += [
            (e[i] * S - sympy.exp(2 * logits[i])) / S**2,
            e[i] * (S - e[i]) / S**2,
            e[i] / S * (S - e[i]) / S,
            p[i] * (1 - p[i]),
            -p[i] * p[i] + p[i],
        ]
    else:
        steps += [-e[i] * e[j] / S**2, -e[i] / S * e[j] / S, -p[i] * p[j]]
    for step in steps:
        assert sympy.simplify(sympy.diff(p[i], logits[j]) - step) == 0


def test_rows_and_matrix_of_the_softmax_jacobian():
    logits = np.random.default_rng(7).normal(size=(N, K))
    p, J = Softmax().forward(logits, {}), Softmax().jacobian(logits, {})
    for n, i in np.ndindex(N, K):
        row = -p[n, i] * p[n]
        row[i] = p[n, i] * (1 - p[n, i])
        assert_equal(J[n, i], row)
        by_l = finite_difference(lambda v, i=i: Softmax().forward(v[None], {})[0, i], logits[n])
        assert_equal(J[n, i], by_l)
