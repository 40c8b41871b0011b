"""The network of a classifier of texts: what it is made of, how it goes on, lists of labels."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from chainrule.chain import Chain
from chainrule.data.streams import DataStream
from chainrule.estimators import resolve
from chainrule.estimators.classification import first_of
from chainrule.estimators.fitting import FitJob
from chainrule.estimators.network_classifier import NetworkClassifier
from chainrule.estimators.stopping import OptimizerState
from chainrule.estimators.streams.encoding import EncodedBlocks
from chainrule.estimators.streams.texts import by_few, texts_of
from chainrule.estimators.texts.all_shares import begin_with_shares
from chainrule.estimators.texts.growth import grown_chain, grown_state
from chainrule.estimators.texts.shares import begun_with_shares, usual_smoothing
from chainrule.functions import EmbeddingBag, Function, Linear
from chainrule.inputs import Inputs, Options, TextFeatures, Texts
from chainrule.inputs.texts.raw import column_of_texts
from chainrule.memory import rows_in_memory
from chainrule.targets import Classes, Targets
from chainrule.targets.label_lists import as_label_lists, check_label_lists, is_listed
from chainrule.training.samples import Samples
from chainrule.training.session import speaks
from chainrule.types import Array

__all__ = ["TextNetwork"]

FEATURES = tuple(TextFeatures.__dataclass_fields__)
"""The parameters that say what of a text counts."""


class TextNetwork(NetworkClassifier):
    """The network B A x, with softmax or sigmoids; its first matrix grows with more texts."""

    dimensions: Any
    loss: Any
    text: Any
    learning_rate: Any

    def _validate_params(self) -> None:
        super()._validate_params()
        self._features()

    def _features(self) -> TextFeatures:
        """Return what of a text counts; ValueError for what makes no sense."""
        chosen = {name: getattr(self, name) for name in FEATURES}
        return TextFeatures.checked(type(self).__name__, **chosen)

    # What the network is made of.

    def _new_inputs(self, X: Any) -> Inputs:
        column = () if self.text is None else (self.text,)
        options = Options(type(self).__name__, text=column, text_features=self._features())
        return self._told(Texts.learn(X, options))

    def _new_inputs_of_stream(self, stream: DataStream, head: Any) -> Inputs:
        """Return the inputs for a stream, whose first rows are given, learned from all rows."""
        name = type(self).__name__
        column = column_of_texts(name, head, "" if self.text is None else self.text)
        texts = texts_of(name, stream, column)
        features = self._features()
        return self._told(Texts.learned_in_passes(texts, features, owner=name, column=column))

    def _told(self, inputs: Texts) -> Texts:
        if self.verbose and speaks():
            print(f"{type(self).__name__}: {inputs.describe()}")
        return inputs

    def _functions(self, targets: Targets) -> list[Function]:
        last = self._objective(targets).last
        assert last is not None
        return [EmbeddingBag(int(self.dimensions), "sum"), Linear(targets.outputs), last]

    def _new_chain(
        self, shape: tuple[int, ...], targets: Targets, random_state: np.random.RandomState
    ) -> Chain:
        """Return the chain in the type that it is kept in: A can be large."""
        seed = int(random_state.randint(2**31 - 1))
        with self._memory(shape[0], targets):
            return Chain(*self._functions(targets)).initialize(shape, seed=seed, dtype=np.float32)

    def _memory(self, features: int, targets: Targets) -> AbstractContextManager[None]:
        """Return a context in which memory for A and B is taken: of it, and of sums of squares."""
        name, rows = type(self).__name__, features + targets.outputs
        return rows_in_memory(name, "dimensions", rows, int(self.dimensions), 8)

    def _begun(self, chain: Chain, data: Samples, targets: Any) -> Chain:
        return begun_with_shares(chain, data, targets)

    def _begin_with_all(self, chain: Chain, blocks: EncodedBlocks) -> None:
        begin_with_shares(chain, blocks)

    def _check_chain(self, chain: Any, inputs: Inputs, targets: Targets) -> None:
        functions = list(chain.functions)
        first = functions[0]
        if (
            not isinstance(first, EmbeddingBag)
            or functions[1:] != self._functions(targets)[1:]
            or first.mode != "sum"
            or chain.input_shape != inputs.sample_shape
        ):
            raise ValueError("expected a chain of embeddings for its features and classes")

    def _new_targets(self, y: Any, name: str, *, cells: bool) -> Targets:
        found = Classes.fit(y, name=name, chosen=cells)
        return replace(found, pair=self.loss == "softmax", apart=self.loss == "ova")

    def _training_targets(self, targets: Any, t: Array) -> Array:
        chosen = self.label_smoothing
        smoothing = usual_smoothing(targets) if chosen == "auto" else float(chosen)
        return np.asarray(targets.soften(t, smoothing))

    @property
    def _ends_by_plan(self) -> bool:
        return resolve.schedule(self.learning_rate) is not None

    # Going on.

    def _check_going_on(self) -> None:
        before: dict[str, Any] = vars(self.inputs_.features)
        now: dict[str, Any] = vars(self._features())
        before = {**before, "dimensions": self.chain_.functions[0].dimensions}
        now = {**now, "dimensions": int(self.dimensions)}
        if self.targets_.apart != (self.loss == "ova"):
            before["loss"], now["loss"] = ("ova", "softmax")[self.loss == "ova"], self.loss
        for name, value in now.items():
            if before.get(name) != value:
                raise ValueError(
                    f"{type(self).__name__}: expected {name}={before.get(name)!r} of the fit "
                    f"before to go on with, got {value!r}; warm_start=False and fit begin a new "
                    "network"
                )

    def _inputs_going_on(self, X: Any, *, incremental: bool) -> Inputs:
        inputs: Texts = self.inputs_
        return inputs.grown(X) if incremental else inputs

    def _grown(self, chain: Chain, inputs: Any, random_state: np.random.RandomState) -> Chain:
        with self._memory(inputs.count, self.targets_):
            return grown_chain(chain, self.inputs_, inputs, random_state)

    def _optimizer_going_on(self, job: FitJob) -> OptimizerState | None:
        before, inputs = super()._optimizer_going_on(job), job.inputs
        if before is None or not isinstance(inputs, Texts):
            return before
        return grown_state(before, self.chain_, job.chain, self.inputs_, inputs)

    def _outputs(self, X: Any, *, fused_away: bool = False) -> Array:
        if not (isinstance(X, DataStream) and self._has_network()):
            return super()._outputs(X, fused_away=fused_away)
        outputs = partial(super()._outputs, fused_away=fused_away)
        return np.concatenate(list(by_few(outputs, X)))

    # Answers that are lists of labels.

    def _answers(self, y: Any) -> Any:
        found = as_label_lists(super()._answers(y))
        if is_listed(found):
            check_label_lists(type(self).__name__, found)
        return found

    def _check_answers(self, y: Any, targets: Any, *, warm: bool) -> None:
        if not (targets.listed or is_listed(y)):
            super()._check_answers(y, targets, warm=warm)
        elif not targets.listed:
            raise ValueError(
                f"{type(self).__name__}: expected y of classes as training had, got lists of labels"
            )
        else:
            targets.encode(y)

    def _sample_weights(
        self, y: Any, targets: Any, weights: Array | None, *, incremental: bool
    ) -> Array | None:
        if not is_listed(y):
            return super()._sample_weights(y, targets, weights, incremental=incremental)
        if not isinstance(self.class_weight, dict):
            held = targets.encode(y).astype(np.int64)
            return super()._sample_weights(held, targets, weights, incremental=incremental)
        known = targets.labels.tolist()
        if unknown := [label for label in self.class_weight if label not in known]:
            raise ValueError(
                f"class_weight: got {unknown[0]!r}, expected labels of y: {first_of(known)}"
            )
        own = [np.prod([float(self.class_weight.get(label, 1.0)) for label in row]) for row in y]
        return np.asarray(own if weights is None else np.asarray(own) * weights)
