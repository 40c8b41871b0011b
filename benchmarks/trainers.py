"""Who trains: each takes an epoch on the same samples in the same order, and shows its weights."""

from __future__ import annotations

import warnings
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks.cases import Case, Filters
from chainrule import CrossEntropy
from chainrule.training.steppers import Textbook

Array = NDArray[Any]


class Trainer(Protocol):
    """Trains a case."""

    name: str

    def epoch(self) -> None:
        """Take a step on each batch of the order."""

    def weights(self) -> list[Array]:
        """Return W (i, o) and b (o,) of each layer."""


class Chainrule:
    """Our engine."""

    name = "chainrule"

    def __init__(self, case: Case, threads: int) -> None:
        from chainrule.engine.steps import Steps, threads_for

        self.case, self.chain = case, case.chain()
        X, t, self.order = case.data()
        count = threads_for(self.chain, CrossEntropy(), case.batch, threads)
        self.steps = Steps(self.chain, CrossEntropy(), case.rule(), X, t, threads=count)
        self.rates = np.full(case.steps, case.rule().learning_rate)

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

    def __init__(self, case: Case, threads: int) -> None:
        from chainrule.training.samples import Samples

        self.case, self.chain = case, case.chain()
        X, t, self.order = case.data()
        data = Samples.of(X, t)
        self.stepper = Textbook(
            *(self.chain, CrossEntropy(), data, case.rule()), l2=0.0, clip_norm=None, seed=0
        )

    def epoch(self) -> None:
        """Take the steps one by one."""
        self.stepper.take(self.order, self.case.batch, np.ones(self.case.steps))

    def weights(self) -> list[Array]:
        """Return the chain's parameters."""
        return list(self.chain.parameters.values())


class PyTorch:
    """PyTorch in eager mode, with its fused optimizers."""

    name = "PyTorch"

    def __init__(self, case: Case, threads: int) -> None:
        import torch

        torch.set_num_threads(threads)
        self.case, self.torch = case, torch
        X, t, order = case.data()
        self.X, self.t, self.order = map(torch.from_numpy, (X, t, order))
        layers: list[Any] = []
        channels, features = case.shape[0], case.chain()
        for layer in case.images:
            if isinstance(layer, Filters):
                convolution = torch.nn.Conv2d(
                    channels, layer.channels, layer.size, padding=layer.padding
                )
                layers += [convolution, torch.nn.ReLU()]
                channels = layer.channels
            else:
                layers.append(torch.nn.MaxPool2d(2))
        layers += [torch.nn.Flatten()] if case.images else []
        linear = [
            layer for layer in features.layers if "W" in layer.names and len(layer.input_shape) == 1
        ]
        for layer in linear:
            layers += [torch.nn.Linear(*layer.input_shape, *layer.output_shape), torch.nn.ReLU()]
        self.model = torch.nn.Sequential(*layers[:-1])
        self.weighted = [layer for layer in layers if hasattr(layer, "weight")]
        start = list(case.chain().parameters.values())
        with torch.no_grad():
            for layer, W, b in zip(self.weighted, start[::2], start[1::2], strict=True):
                layer.weight.copy_(torch.from_numpy((W.T if W.ndim == 2 else W).copy()))
                layer.bias.copy_(torch.from_numpy(b))
        if case.images:  # PyTorch's faster layout of images
            self.model = self.model.to(memory_format=torch.channels_last)
            self.X = self.X.contiguous(memory_format=torch.channels_last)
        rate = case.rule().learning_rate
        self.optimizer = {
            "sgd": lambda p: torch.optim.SGD(p, lr=rate, fused=True),
            "momentum": lambda p: torch.optim.SGD(p, lr=rate, momentum=0.9, fused=True),
            "adam": lambda p: torch.optim.Adam(p, lr=rate, fused=True),
        }[case.optimizer](self.model.parameters())
        self.loss = torch.nn.CrossEntropyLoss()

    def epoch(self) -> None:
        """Take the steps as PyTorch's tutorials do."""
        for start in range(0, len(self.order), self.case.batch):
            rows = self.order[start : start + self.case.batch]
            self.optimizer.zero_grad()
            self.loss(self.model(self.X[rows]), self.t[rows]).backward()
            self.optimizer.step()

    def weights(self) -> list[Array]:
        """Return the layers' parameters, matrices transposed to ours."""
        pairs = [
            (layer.weight.detach().numpy(), layer.bias.detach().numpy()) for layer in self.weighted
        ]
        return [array for W, b in pairs for array in (W.T if W.ndim == 2 else W, b)]


class ScikitLearn:
    """scikit-learn's MLPClassifier, an epoch a call."""

    name = "scikit-learn"

    def __init__(self, case: Case, threads: int) -> None:
        from sklearn.neural_network import MLPClassifier

        X, t, order = case.data()
        self.X, self.t = X[order], t[order]
        rate = case.rule().learning_rate
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
        start = list(case.chain().parameters.values())
        for layer, (W, b) in enumerate(zip(start[::2], start[1::2], strict=True)):
            self.model.coefs_[layer][...], self.model.intercepts_[layer][...] = W, b

    def epoch(self) -> None:
        """Fit for one iteration more."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.model.fit(self.X, self.t)

    def weights(self) -> list[Array]:
        """Return its coefficients."""
        pairs = zip(self.model.coefs_, self.model.intercepts_, strict=True)
        return [array for pair in pairs for array in pair]


TRAINERS: tuple[type[Trainer], ...] = (Chainrule, PyTorch, ScikitLearn, Reference)
