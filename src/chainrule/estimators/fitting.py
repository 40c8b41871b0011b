"""What a fit works on and leads to: all is validated before, and the estimator changes after."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.model_selection import train_test_split

from chainrule.chain import Chain
from chainrule.engine.running.forward import in_blocks
from chainrule.estimators.callbacks import FitTask
from chainrule.estimators.checkpoints import FitCheckpoint
from chainrule.estimators.raw_rows import raw_rows
from chainrule.estimators.stopping import EpochLoss, FitRecord, StoppingMonitor
from chainrule.inputs import Inputs
from chainrule.targets import Objective, Targets
from chainrule.training import History, Plan, train
from chainrule.training.samples import Samples
from chainrule.training.validation import Validation
from chainrule.types import Array

SMALL = 2**20
"""Samples times parameters up to which an epoch takes about as long in float64 as in float32."""

EXACT_IN_FLOAT32 = 2.0**24
"""Beyond, float32 has no digits after the point, and data are trained on in float64."""


@dataclass
class FitJob:
    """A fit, validated: what a solver takes. Nothing of the estimator has changed yet.

    Parameters
    ----------
    estimator : NetworkEstimator
        Whose parameters say how to train; solvers read them and set nothing.
    inputs, targets : Inputs, Targets
        As the estimator will have them.
    chain : Chain
        A copy of the network to go on with, or a new one, in the type to train in; solvers move
        its parameters.
    objective : Objective
        The loss, and how it is reported.
    data, validation : Samples
        In the type to train in; their targets are as a score takes them.
    dtype : dtype
        What the fitted parameters will have.
    first : bool
        Whether the network is a new one.
    incremental : bool
        Whether this is a call of ``partial_fit``.
    random_state : RandomState
        From which all is drawn.
    given : tuple
        Raw samples and validated answers, as scikit-learn's callbacks are given them.
    attributes : dict
        The fitted attributes of the network, except its chain.
    callbacks : FitTask or None
        scikit-learn's callbacks, called after each epoch.
    held_out_rows : table or None
        The raw rows of the validation set, for a score that is a function of them.
    checkpoint : FitCheckpoint or None
        What keeps the training now and then, and lets it go on.
    """

    estimator: Any
    inputs: Inputs
    targets: Targets
    chain: Chain
    objective: Objective
    data: Samples
    validation: Samples | None
    dtype: np.dtype[Any]
    first: bool
    incremental: bool
    random_state: np.random.RandomState
    given: tuple[Any, Any]
    attributes: dict[str, Any] = field(default_factory=dict)
    callbacks: FitTask | None = None
    held_out_rows: Any = None
    checkpoint: FitCheckpoint | None = None

    def training_targets(self, t: Array) -> Array:
        """Return targets as the loss of training sees them."""
        return np.asarray(self.estimator._training_targets(self.targets, t))

    def parts(self) -> tuple[Samples, Samples | None]:
        """Return what to train on, and the validation set: that given, or one set aside.

        Raises
        ------
        ValueError
            The part to set aside would have fewer than two samples.
        """
        if self.validation is not None or not self.estimator.early_stopping:
            return self.data, self.validation
        data = self.data
        rows, held_out = train_test_split(
            np.arange(len(data)),
            random_state=self.random_state,
            test_size=self.estimator.validation_fraction,
            stratify=data.t if self.targets.stratified else None,
        )
        if len(held_out) < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' "
                "or the size of your dataset."
            )
        if self.inputs.kind == "table" and callable(self.estimator.scoring):
            self.held_out_rows = raw_rows(self.given[0], held_out)
        return data.at(rows), data.at(held_out)

    def rows(self, data: Samples) -> int:
        """Return how many samples are trained on, where ``data`` are those of `parts`."""
        return len(data)

    def train(self, data: Samples, plan: Plan, **options: Any) -> History:
        """Train on samples in the chain's type; options are those of ``chainrule.train``."""
        return train(
            self.chain,
            self.objective.loss,
            data.X,
            data.t,
            plan,
            sample_weight=data.weights,
            **options,
        )

    @property
    def kept(self) -> FitCheckpoint | None:
        """The checkpoint, which knows what was learned of the samples."""
        if self.checkpoint is None:
            return None
        return self.checkpoint.of_fit(self.inputs, self.targets)

    def run(self) -> Any:
        """Train, and return the estimator, which has taken over what training has led to."""
        return self.estimator._train(self)

    def record(self) -> FitRecord:
        """Return what is known of the epochs so far; of a new network, nothing."""
        early = bool(self.estimator.early_stopping)
        if self.first:
            return FitRecord.begin(early_stopping=early)
        return FitRecord.of(self.estimator, early_stopping=early)

    def compare_from(self, monitor: StoppingMonitor, validation: Validation | None) -> None:
        """Let early stopping compare with the network to go on with, on the validation set.

        The same score of samples that were set aside goes on from the best of before instead, as
        scikit-learn's does.
        """
        if self.first or validation is None or monitor.watched == "Training loss":
            return
        same = getattr(self.estimator, "_scored_by", None) == str(self.estimator.scoring)
        if self.validation is None and monitor.watched == "Validation score" and same:
            monitor.follow = True
            return
        value, score = self.measure(validation)
        monitor.keep(
            value if np.isfinite(value) else None,
            -np.inf if score is None or np.isnan(score) else score,
        )

    def measure(self, validation: Validation) -> tuple[float, float | None]:
        """Return loss, as it is told, and score of the chain as it is now, by NumPy."""
        chain, loss = self.chain, self.objective.loss
        _, count = chain.fuse(loss)
        part = Chain.assemble(chain.layers[:count], chain.parameters)
        with np.errstate(over="ignore", invalid="ignore"):
            Y = in_blocks(part, validation.samples.X)
        value, score = validation.measure(chain, loss, Y)
        return EpochLoss(self.objective.divisor).of(value), score

    def fitted(self) -> dict[str, Any]:
        """Return the network's attributes as the fitted estimator has them, with its chain."""
        with np.errstate(over="ignore"):
            chain = self.chain.astype(self.dtype)
        scored = {"_scored_by": str(self.estimator.scoring)}
        return {**self.attributes, **scored, **self.estimator._chain_attributes(chain)}


@dataclass
class FitResult:
    """What a solver has led to: the attributes that describe it, and how it ended.

    Parameters
    ----------
    attributes : dict
        By name, to be set on the estimator.
    history : History
        Each epoch, and how training ended.
    trouble : ValueError or None
        To be raised once the estimator has the last good network.
    messages : list of (str, type)
        Warnings for the user, with their categories.
    """

    attributes: dict[str, Any]
    history: History
    trouble: ValueError | None = None
    messages: list[tuple[str, type[Warning]]] = field(default_factory=list)

    def say_of_scores(self, remark: str) -> None:
        """Take note of what there is to say of scores that are no numbers, if anything."""
        if remark:
            self.history.remarks.append(remark)
            self.messages.append((remark, UserWarning))


def training_dtype(
    estimator: Any, data: Samples, parameters: int, going_on: np.dtype[Any] | None
) -> np.dtype[Any]:
    """Return the float type to train in, float32 where that pays and is exact enough.

    Raises
    ------
    ValueError
        Products in bfloat16 are asked for, and something with them that excludes these.
    """
    if estimator.precision != "float32":
        _check_goes_with_bfloat16(estimator)
        return np.dtype(np.float32)
    if estimator.dtype is not None:
        chosen: np.dtype[Any] = np.dtype(estimator.dtype)
        return chosen
    if going_on is not None:
        return going_on
    small = len(data) * parameters <= SMALL
    if estimator.solver == "lbfgs" or (small and data.X.dtype == np.float64):
        return np.dtype(np.float64)
    numbers = (data.X.data if sparse.issparse(data.X) else data.X, data.t)
    large = any(a.dtype == np.float64 and _largest(a) > EXACT_IN_FLOAT32 for a in numbers)
    return np.dtype(np.float64 if large else np.float32)


def _check_goes_with_bfloat16(estimator: Any) -> None:
    """Raise ValueError for a type, or a solver, that products in bfloat16 do not go with."""
    name, asked = type(estimator).__name__, f"precision={estimator.precision!r}"
    if estimator.dtype == "float64":
        raise ValueError(f"{name}: expected dtype float32 or None with {asked}, got 'float64'")
    if estimator.solver == "lbfgs":
        raise ValueError(
            f"{name}: expected a solver that takes steps on batches for {asked}, got "
            "solver='lbfgs'"
        )


def in_dtype(data: Samples, dtype: np.dtype[Any]) -> Samples:
    """Return samples in the float type to train in."""
    t = data.t.astype(dtype) if data.t.dtype.kind in "fb" else data.t
    with np.errstate(over="ignore"):
        return replace(data, X=data.X.astype(dtype, copy=False), t=t)


def by_rows(data: Samples) -> Samples:
    """Return samples whose rows can be taken: CSC becomes CSR."""
    return replace(data, X=data.X.tocsr()) if sparse.issparse(data.X) else data


def not_finite(trouble: str = "") -> ValueError:
    """Return the error that says that training led nowhere, and how, if that is known."""
    return ValueError(
        "Solver produced non-finite parameter weights. The input data may contain large values"
        " and need to be preprocessed." + (f" {trouble[0].upper()}{trouble[1:]}" if trouble else "")
    )


def interrupted(job: FitJob) -> str:
    """Return what there is to say of a training that Ctrl-C has ended."""
    if job.checkpoint is None:
        return "Training interrupted by user."
    return f"Training interrupted by user. The same fit goes on from {job.checkpoint.path}."


def _largest(numbers: Array) -> float:
    return float(max(numbers.max(), -numbers.min())) if numbers.size else 0.0
