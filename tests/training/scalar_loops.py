"""The optimizers as their papers state them, for one number at a time, in plain Python."""

from math import sqrt


def sgd(w, gradients, rate):
    for g in gradients:
        w -= rate * g
        yield w


def momentum(w, gradients, rate, mu):
    velocity = 0.0
    for g in gradients:
        velocity = mu * velocity - rate * g
        w += velocity
        yield w


def nesterov(w, gradients, rate, mu):
    """Nesterov's step as Sutskever states it, at ahead = w + μ·v, which is where g is taken."""
    velocity, behind = 0.0, w
    for g in gradients:
        velocity = mu * velocity - rate * g
        behind += velocity
        yield behind + mu * velocity


def adam(w, gradients, rate, beta1, beta2, epsilon):
    m = v = 0.0
    for t, g in enumerate(gradients, start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        w -= rate * (m / (1 - beta1**t)) / (sqrt(v / (1 - beta2**t)) + epsilon)
        yield w


def adam_reordered(w, gradients, rate, beta1, beta2, epsilon):
    """Adam with the corrections drawn into the rate: section 2 of the paper, at its end."""
    m = v = 0.0
    for t, g in enumerate(gradients, start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        w -= rate * sqrt(1 - beta2**t) / (1 - beta1**t) * m / (sqrt(v) + epsilon)
        yield w


def adamw(w, gradients, rate, beta1, beta2, epsilon, decay):
    """Adam with weight decay beside it: both move the old w."""
    m = v = 0.0
    for t, g in enumerate(gradients, start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        step = (m / (1 - beta1**t)) / (sqrt(v / (1 - beta2**t)) + epsilon)
        w = w - rate * (step + decay * w)
        yield w


def rmsprop(w, gradients, rate, rho, epsilon):
    v = 0.0
    for g in gradients:
        v = rho * v + (1 - rho) * g**2
        w -= rate * g / (sqrt(v) + epsilon)
        yield w


def adagrad(w, gradients, rate, epsilon):
    squares = 0.0
    for g in gradients:
        squares += g**2
        w -= rate * g / (sqrt(squares) + epsilon)
        yield w
