"""PyTorch, as its tutorials train, and with torch.compile."""

from __future__ import annotations

from importlib.util import find_spec
from shutil import which
from typing import Any

from numpy.typing import NDArray

from benchmarks.cases import Case, Filters, Start

Array = NDArray[Any]


class PyTorch:
    """PyTorch in eager mode, with its fused optimizers."""

    name = "PyTorch"
    libraries = ("torch",)

    def __init__(self, case: Case, start: Start, threads: int) -> None:
        import torch

        torch.set_num_threads(threads)
        self.case, self.torch = case, torch
        self.X, self.t, self.order = map(torch.from_numpy, (start.X, start.t, start.order))
        self.model = torch.nn.Sequential(*self._layers(start.weights))
        if case.images:  # PyTorch's faster layout of images
            self.model = self.model.to(memory_format=torch.channels_last)
            self.X = self.X.contiguous(memory_format=torch.channels_last)
        rate = case.rate
        self.optimizer = {
            "sgd": lambda p: torch.optim.SGD(p, lr=rate, fused=True),
            "momentum": lambda p: torch.optim.SGD(p, lr=rate, momentum=0.9, fused=True),
            "adam": lambda p: torch.optim.Adam(p, lr=rate, fused=True),
        }[case.optimizer](self.model.parameters())
        cross_entropy = torch.nn.CrossEntropyLoss()
        self.loss: Any = lambda X, t: cross_entropy(self.model(X), t)

    @staticmethod
    def runs(case: Case) -> bool:
        """Return whether PyTorch is installed; other precisions are another trainer's."""
        return find_spec("torch") is not None and case.precision == "float32"

    def _layers(self, weights: list[Array]) -> list[Any]:
        """Return the layers, with the weights to start from."""
        nn, layers = self.torch.nn, []
        shapes = iter([W.shape for W in weights[::2]])
        for filters in self.case.images:
            if isinstance(filters, Filters):
                outputs, channels, *_ = next(shapes)
                channels *= filters.groups
                convolution = nn.Conv2d(channels, outputs, filters.size, **filters.options)
                layers += [convolution, nn.ReLU()]
            else:
                layers.append(nn.MaxPool2d(2))
        layers += [nn.Flatten()] if self.case.images else []
        for _ in self.case.hidden:
            layers += [nn.Linear(*next(shapes)), nn.ReLU()]
        layers.append(nn.Linear(*next(shapes)))
        self.weighted = [layer for layer in layers if hasattr(layer, "weight")]
        with self.torch.no_grad():
            for layer, W, b in zip(self.weighted, weights[::2], weights[1::2], strict=True):
                layer.weight.copy_(self.torch.from_numpy(W.T if W.ndim == 2 else W))
                layer.bias.copy_(self.torch.from_numpy(b))
        return layers

    def epoch(self) -> None:
        """Take the steps as PyTorch's tutorials do."""
        for start in range(0, len(self.order), self.case.batch):
            rows = self.order[start : start + self.case.batch]
            self.optimizer.zero_grad()
            self.loss(self.X[rows], self.t[rows]).backward()
            self.optimizer.step()

    def weights(self) -> list[Array]:
        """Return the layers' parameters, matrices transposed to ours."""
        pairs = [
            (layer.weight.detach().numpy(), layer.bias.detach().numpy()) for layer in self.weighted
        ]
        return [array for W, b in pairs for array in (W.T if W.ndim == 2 else W, b)]


class Compiled(PyTorch):
    """The same with model and loss compiled, forward and backward."""

    name = "torch.compile"
    libraries = ("torch", "torch._inductor.compile_fx")

    def __init__(self, case: Case, start: Start, threads: int) -> None:
        super().__init__(case, start, threads)
        self.torch.compiler.reset()  # or another case before would make the shapes unknown
        self.loss = self.torch.compile(self.loss)

    @staticmethod
    def runs(case: Case) -> bool:
        """Return whether PyTorch and the C++ compiler that it needs are installed."""
        return PyTorch.runs(case) and any(map(which, ("g++", "clang++", "c++")))


class Autocast(PyTorch):
    """PyTorch with products in bfloat16: autocast on the processor, weights in float32."""

    name = "PyTorch autocast"

    def __init__(self, case: Case, start: Start, threads: int) -> None:
        super().__init__(case, start, threads)
        torch, whole = self.torch, self.loss

        def loss(X: Any, t: Any) -> Any:
            with torch.autocast("cpu", dtype=torch.bfloat16):
                return whole(X, t)

        self.loss = loss

    @staticmethod
    def runs(case: Case) -> bool:
        """Return whether PyTorch is installed, and the case is of bfloat16."""
        return find_spec("torch") is not None and case.precision != "float32"
