"""All that a file in any language says of a network: its functions, parameters and memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from chainrule.export.functions import Gradient, Prediction, gradient_of, prediction_of
from chainrule.export.gradient_samples import GradientSamples, keep_gradient
from chainrule.export.memory import Memory, share_memory
from chainrule.export.samples import Samples
from chainrule.export.steps import Array, Program
from chainrule.export.walk import Network
from chainrule.export.weights import WeightsFile, weights_file
from chainrule.inputs import Texts
from chainrule.losses import Loss

__all__ = ["PRECISIONS", "ExportPlan", "plan_export"]

PRECISIONS: dict[str, np.dtype[Any]] = {
    "float": np.dtype(np.float32),
    "double": np.dtype(np.float64),
}
"""The types that a program computes in."""

INLINE = 1000
"""Parameters of more numbers go into a file of their own, if there is to be one."""


@dataclass
class ExportPlan:
    """What is to be written.

    Parameters
    ----------
    network : Network
        What was walked over.
    name : str
        What names of functions begin with.
    precision : {"float", "double"}
        The type of all numbers.
    prediction, gradient : Prediction, Gradient or None
        The functions.
    prediction_memory, gradient_memory : Memory
        Where their arrays lie.
    samples : Samples or None
        Kept to check the program.
    separate : list of Array
        Parameters that go into a file of their own.
    beside : str or None
        What that file is called.
    gradient_samples : GradientSamples or None
        Kept to check the gradient; None where no sample has one of a single value.
    """

    network: Network
    name: str
    precision: str
    prediction: Prediction
    gradient: Gradient | None
    prediction_memory: Memory
    gradient_memory: Memory
    samples: Samples | None = None
    separate: list[Array] = field(default_factory=list)
    beside: str | None = None
    gradient_samples: GradientSamples | None = None

    @property
    def dtype(self) -> np.dtype[Any]:
        """NumPy's type of the numbers."""
        return PRECISIONS[self.precision]

    @property
    def parameters(self) -> list[Array]:
        """The parameters that any step reads, in the order of their names' first use."""
        steps = [*self.prediction.program.steps]
        steps += [] if self.gradient is None else self.gradient.program.steps
        own = list(self.prediction.kept)
        own += [array for step in steps for array in step.reads if array.numbers is not None]
        return list(dict.fromkeys(own))

    @property
    def memory_sizes(self) -> list[int]:
        """How many numbers the pieces of memory hold, which both functions use."""
        return self.gradient_memory.sizes or self.prediction_memory.sizes

    @property
    def classes(self) -> Any:
        """The classes or labels, None if there are none."""
        return self.network.answers.classes

    @property
    def parameter_bytes(self) -> int:
        """How many bytes the parameters take, and what is known of texts."""
        return sum(array.size * self.item(array) for array in self.parameters) + self.text_bytes

    @property
    def separate_bytes(self) -> int:
        """How many bytes the parameters take that are in a file of their own."""
        return sum(array.size for array in self.separate) * self.dtype.itemsize

    @cached_property
    def weights(self) -> WeightsFile | None:
        """The file of the parameters that are in one of their own, None if none are."""
        if self.beside is None:
            return None
        return weights_file(self.beside, self.separate, self.dtype)

    @property
    def text_bytes(self) -> int:
        """How many bytes vocabularies take, with pointers of 8 bytes, but for Unicode's tables."""
        values = [each.values or () for each in self.prediction.columns]
        known = [text.encode("utf-8", "surrogatepass") for column in values for text in column]
        size = sum(len(text) + 9 for text in known)
        for texts in self.vocabularies:
            size += sum(len(word) + 13 for word in texts.words)
            size += 8 * (len(texts.runs) + len(texts.pieces)) + 4 * texts.count
        return size

    @property
    def vocabularies(self) -> list[Texts]:
        """The vocabulary of a network of texts, or those of a table's columns of texts."""
        if self.texts is not None:
            return [self.texts]
        return [each.text.texts for each in self.prediction.columns if each.text is not None]

    def item(self, array: Array) -> int:
        """Return how many bytes a number of an array takes."""
        return 8 if array.wide else self.dtype.itemsize

    @property
    def memory_bytes(self) -> int:
        """How many bytes the memory takes, and the parameters that are read into it.

        A program that reads texts counts their features.
        """
        size = sum(self.memory_sizes) * self.dtype.itemsize + self.separate_bytes
        for texts in self.vocabularies:
            size += 8 * texts.count + max(map(len, texts.words), default=0)
        if self.texts is not None:
            size += self.prediction.x.size * self.dtype.itemsize
        return size

    @property
    def encodes(self) -> bool:
        """Whether raw samples are others than what the first layer takes."""
        return self.prediction.input_steps > 0 or self.texts is not None

    @property
    def texts(self) -> Texts | None:
        """The vocabulary, where raw samples are texts."""
        inputs = self.network.inputs
        return inputs if isinstance(inputs, Texts) else None

    def sentences(self) -> list[str]:
        """Return what is in x, y and T, a sentence each."""
        network, answers = self.network, self.network.answers
        inputs = network.inputs
        names = None if inputs is None else inputs.raw_names
        count = self.prediction.x.size
        told = [f"x has the {count} numbers of a raw sample"]
        if self.texts is not None:
            told = ["A raw sample is a text"]
        elif self.prediction.columns:
            count = len(self.prediction.columns)
            told = [f"A raw sample is a row of {count} columns, named as in training"]
        elif names and len(names) <= 20:
            told[0] += f": {', '.join(names)}"
        shape = getattr(inputs, "given", None)
        if shape is not None:
            told[0] += f", an image of shape {' × '.join(map(str, shape))}, row by row"
        told[0] += "."
        outputs = self.prediction.y.size
        if answers.kind == "classes":
            told.append(
                f"y becomes the probabilities of the {outputs} classes; the answer is the place of "
                f"the class that is chosen, in {self.name}_classes."
            )
        elif answers.kind == "labels":
            told.append(
                f"y becomes the probabilities of the {outputs} labels in {self.name}_classes; one "
                "holds if its probability is above 0.5."
            )
        elif answers.quantiles:
            own = ", ".join(f"{each:g}" for each in answers.quantiles)
            told.append(f"y becomes the quantiles {own} of the answer.")
        else:
            told.append(f"y becomes the {outputs} {'outputs' if inputs is None else 'numbers'}.")
        if self.gradient is not None:
            told.append(
                f"X has the {self.gradient.X.size} numbers that the first layer takes, T the "
                f"{self.gradient.T.size} targets of the loss {network.loss}; of classes these are "
                "0, and 1 for the true one."
            )
        return told


def plan_export(
    network: Network,
    name: str,
    precision: str,
    *,
    gradient: bool,
    loss: Loss | None = None,
    whole: bool = False,
    weights: str | None = None,
    samples: Samples | None = None,
) -> ExportPlan:
    """Return what is to be written of a network.

    Parameters
    ----------
    network : Network
        What was walked over.
    name : str
        What names of functions begin with.
    precision : {"float", "double"}
        The type of all numbers.
    gradient : bool
        Whether the loss and its gradients are written, too.
    loss : Loss, optional
        In place of the network's own.
    whole : bool
        Whether a last function that the loss includes is computed with the gradient, too.
    weights : str, optional
        What the file is called that parameters of more than 1,000 numbers go into; None keeps all
        inside.
    samples : Samples, optional
        To check the program.
    """
    program = Program(network.parameters)
    prediction = prediction_of(network, program)
    backward, memory = None, Memory()
    given = [*program.parameters.values(), prediction.x, prediction.y]
    kept = [] if prediction.choice is None else prediction.choice.reads
    prediction_memory = share_memory(program.steps, given, kept)
    if gradient:
        other = Program({})
        other.parameters = program.parameters
        backward = gradient_of(network, other, loss, whole=whole)
        own = [*other.gradients.values(), backward.X, backward.T, backward.L, backward.dX]
        elsewhere = [*program.parameters.values(), *own]
        memory = share_memory(other.steps, elsewhere, memory=prediction_memory)
    plan = ExportPlan(
        network, name, precision, prediction, backward, prediction_memory, memory, samples
    )
    if samples is not None and backward is not None:
        names = list(backward.program.gradients)
        plan.gradient_samples = keep_gradient(
            network, backward.loss, samples.encoded, names, plan.dtype
        )
    if weights is not None:
        plan.beside = weights
        plan.separate = [a for a in plan.parameters if a.size > INLINE and not a.wide]
        if not plan.separate:
            raise ValueError(
                f"export: expected a parameter of more than {INLINE:,} numbers for the file of "
                f"weights, got none in {network.title}; without weights all are in the program"
            )
    return plan
