"""What the estimators of one network share, MLPs' and those of any chain: how they are trained.

A class of the room says what its chain is (`_new_chain`) and which kinds its inputs and targets
are; the rest stands here, or in the solvers.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from chainrule.chain import Chain
from chainrule.data.streams import DataStream
from chainrule.estimators.callbacks import CallbackSupportMixin, FitTask, with_callbacks
from chainrule.estimators.checkpoints import FitCheckpoint
from chainrule.estimators.conclusion import conclude
from chainrule.estimators.fitting import FitJob
from chainrule.estimators.network import FittedNetwork
from chainrule.estimators.parameters import CONSTRAINTS
from chainrule.estimators.preparation import prepare
from chainrule.estimators.solvers import solve
from chainrule.estimators.stopping import OptimizerState
from chainrule.estimators.streams.encoding import EncodedBlocks
from chainrule.estimators.streams.prediction import held_in_memory
from chainrule.estimators.streams.preparation import prepare_stream
from chainrule.inputs import Inputs
from chainrule.targets import Targets
from chainrule.training.samples import Samples


@dataclass(eq=False, repr=False, kw_only=True)
class NetworkEstimator(CallbackSupportMixin, FittedNetwork):  # type: ignore[misc]
    """A network and the parameters of its training, which all estimators of one network have."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = CONSTRAINTS

    _usual_batch_size: ClassVar[int] = 200

    solver: Any = "adam"
    alpha: Any = 0.0001
    batch_size: Any = "auto"
    learning_rate: Any = "constant"
    learning_rate_init: Any = 0.001
    power_t: Any = 0.5
    max_iter: Any = 200
    shuffle: Any = True
    random_state: Any = None
    tol: Any = 1e-4
    verbose: Any = False
    warm_start: Any = False
    momentum: Any = 0.9
    nesterovs_momentum: Any = True
    early_stopping: Any = False
    validation_fraction: Any = 0.1
    beta_1: Any = 0.9
    beta_2: Any = 0.999
    epsilon: Any = 1e-8
    n_iter_no_change: Any = 10
    max_fun: Any = 15000
    scoring: Any = None
    clip_norm: Any = None
    gradient_samples: Any = None
    dtype: Any = None
    precision: Any = "float32"
    n_jobs: Any = None
    engine: Any = "auto"

    # What a class of the room states, beside what every fitted network does.

    @abstractmethod
    def _new_inputs(self, X: Any) -> Inputs:
        """Return the inputs for data like X, learned from them."""

    def _opened(self, X: Any) -> Any:
        """Return samples of a first fit, pictures among them as `Images`, read once."""
        return X

    @abstractmethod
    def _new_chain(
        self, shape: tuple[int, ...], targets: Targets, random_state: np.random.RandomState
    ) -> Chain:
        """Return a chain for samples of a shape in float64, its parameters drawn."""

    def _begun(self, chain: Chain, data: Samples, targets: Targets) -> Chain:
        """Return a new chain, which may begin with what is known of the samples."""
        return chain

    def _begin_with_all(self, chain: Chain, blocks: EncodedBlocks) -> None:
        """Let a new chain begin with what is known of all rows of a stream, as `_begun` does."""

    def _check_going_on(self) -> None:
        """Raise ValueError if parameters were set that a fitted network cannot go on with."""

    def _chain_going_on(self, targets: Targets) -> Chain:
        """Return the fitted chain with what may change of it as the parameters say it now."""
        return self._network(targets)

    def _inputs_going_on(self, X: Any, *, incremental: bool) -> Inputs:
        """Return the fitted inputs, which may learn of the data of ``partial_fit``."""
        inputs: Inputs = self.inputs_
        return inputs

    def _grown(self, chain: Chain, inputs: Inputs, random_state: np.random.RandomState) -> Chain:
        """Return the chain to go on with, with more parameters if the inputs have learned."""
        return chain

    def _optimizer_going_on(self, job: FitJob) -> OptimizerState | None:
        """Return the optimizer of the call before, for the parameters of the job's chain."""
        before: OptimizerState | None = getattr(self, "_optimizer", None)
        return before

    @property
    def _ends_by_plan(self) -> bool:
        """Whether ``max_iter`` epochs are what a training needs, not a bound that it ran into."""
        return False

    # Fitting: `prepare` validates everything first; the estimator changes last, in `_install`.

    @with_callbacks  # type: ignore[untyped-decorator]
    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        held_out: tuple[Any, Any, Any] = (None, None, None),
        *,
        incremental: bool = False,
        classes: Any = None,
        checkpoint: FitCheckpoint | None = None,
    ) -> Self:
        held_out = held_in_memory(held_out)
        options = {"incremental": incremental, "classes": classes, "checkpoint": checkpoint}
        prepared = prepare_stream if isinstance(X, DataStream) else prepare
        job = prepared(self, X, y, sample_weight, held_out, **options)
        epochs = 1 if incremental else int(self.max_iter)
        job.callbacks = FitTask.of(self, *job.given, sample_weight, epochs)
        return self._train(job)

    def _train(self, job: FitJob) -> Self:
        """Train, and take over what training has led to."""
        result = solve(job)
        self._install(job, result)
        conclude(job, result)
        if job.callbacks is not None:
            job.callbacks.end(job.callbacks.context, job.fitted)
        return self

    @property
    def _solver_name(self) -> str:
        return self.solver if isinstance(self.solver, str) else str(self.solver)

    @property
    def _first_learning_rate(self) -> float | None:
        if self.solver == "lbfgs":
            return None
        return float(getattr(self.solver, "learning_rate", self.learning_rate_init))

    def _check_solver(self) -> bool:
        """Raise AttributeError where partial_fit makes no sense."""
        if self.solver == "lbfgs":
            raise AttributeError(
                "partial_fit is only available for stochastic"
                f" optimizers. {self.solver} is not stochastic."
            )
        return True

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
