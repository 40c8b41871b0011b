"""Who trains: each takes an epoch on the same samples in the same order, and shows its weights."""

from __future__ import annotations

import warnings
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks.cases import Case, Start
from chainrule import CrossEntropy
from chainrule.training.reference_stepper import ReferenceStepper
from chainrule.training.stepper import StepOptions

Array = NDArray[Any]


class Trainer(Protocol):
    """Trains a case on a number of threads; ``libraries`` are the modules that it needs."""

    name: str
    libraries: tuple[str, ...]

    def __init__(self, case: Case, start: Start, threads: int) -> None: ...

    @staticmethod
    def runs(case: Case) -> bool:
        """Return whether it is installed, and can train the case."""

    def epoch(self) -> None:
        """Take a step on each batch of the order."""

    def weights(self) -> list[Array]:
        """Return W (i, o) and b (o,) of each layer."""


class Chainrule:
    """Our engine."""

    name = "chainrule"
    libraries = ("chainrule.engine.running.steps",)

    def __init__(self, case: Case, start: Start, threads: int) -> None:
        from chainrule.engine.running.steps import Steps, threads_for

        self.case, self.chain = case, case.chain()
        self.order = start.order
        count = threads_for(self.chain, CrossEntropy(), case.batch, threads)
        given: dict[str, Any] = {"threads": count}
        if case.precision != "float32":
            from chainrule.engine.machine.compiling import host
            from chainrule.engine.planning.forms import ROUNDED

            given["form"] = ROUNDED[case.precision](host())
        self.steps = Steps(self.chain, CrossEntropy(), case.rule(), start.X, start.t, **given)
        self.rates = np.full(case.steps, case.rate)

    @staticmethod
    def runs(case: Case) -> bool:
        """Return True."""
        return True

    def epoch(self) -> None:
        """Run the epoch, which ends with the parameters in the chain."""
        self.steps.run(self.order, self.case.batch, self.rates)
        self.steps.store()

    def weights(self) -> list[Array]:
        """Return the chain's parameters."""
        return list(self.chain.parameters.values())


class Reference:
    """Our textbook, in NumPy."""

    name = "NumPy"
    libraries = ("chainrule.training.reference_stepper",)

    def __init__(self, case: Case, start: Start, threads: int) -> None:
        from chainrule.training.samples import Samples

        self.case, self.chain = case, case.chain()
        self.order = start.order
        data = Samples.of("train", start.X, start.t)
        self.stepper = ReferenceStepper(
            self.chain, CrossEntropy(), data, case.rule(), StepOptions()
        )

    @staticmethod
    def runs(case: Case) -> bool:
        """Return whether it has the precision."""
        return case.precision == "float32"

    def epoch(self) -> None:
        """Take the steps one by one."""
        self.stepper.take(self.order, self.case.batch, np.ones(self.case.steps), {})

    def weights(self) -> list[Array]:
        """Return the chain's parameters."""
        return list(self.chain.parameters.values())


class ScikitLearn:
    """scikit-learn's MLPClassifier, an epoch a call."""

    name = "scikit-learn"
    libraries = ("sklearn.neural_network",)

    def __init__(self, case: Case, start: Start, threads: int) -> None:
        from sklearn.neural_network import MLPClassifier

        self.X, self.t = start.X[start.order], start.t[start.order]
        rate = case.rate
        solver = "adam" if case.optimizer == "adam" else "sgd"
        self.model = MLPClassifier(
            case.hidden,
            solver=solver,
            batch_size=case.batch,
            alpha=0.0,
            learning_rate_init=rate,
            momentum=0.9 if case.optimizer == "momentum" else 0.0,
            nesterovs_momentum=False,
            shuffle=False,
            max_iter=1,
            warm_start=True,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.model.set_params(learning_rate_init=1e-30).fit(self.X, self.t)
        self.model.set_params(learning_rate_init=rate)
        self.model._optimizer.learning_rate_init = self.model._optimizer.learning_rate = rate
        pairs = zip(start.weights[::2], start.weights[1::2], strict=True)
        for layer, (W, b) in enumerate(pairs):
            self.model.coefs_[layer][...], self.model.intercepts_[layer][...] = W, b

    @staticmethod
    def runs(case: Case) -> bool:
        """Return whether it can: images are not for it, nor classes without a sample."""
        return case.precision == "float32" and not case.images and case.classes < case.samples

    def epoch(self) -> None:
        """Fit for one iteration more."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.model.fit(self.X, self.t)

    def weights(self) -> list[Array]:
        """Return its coefficients."""
        pairs = zip(self.model.coefs_, self.model.intercepts_, strict=True)
        return [array for pair in pairs for array in pair]
