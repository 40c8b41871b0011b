"""What the estimators of tables share: columns in, several small networks, their mean out."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils import estimator_html_repr

from chainrule.added import added
from chainrule.data import Table
from chainrule.data.streams import DataStream
from chainrule.estimators import resolve
from chainrule.estimators.checkpoints import FitCheckpoint
from chainrule.estimators.conclusion import conclude
from chainrule.estimators.network import FittedNetwork
from chainrule.estimators.parameters import with_run_docs
from chainrule.estimators.solvers import unless_one_of_many
from chainrule.estimators.streams.prediction import by_parts, held_in_memory
from chainrule.estimators.tables.networks import member_objective, outputs_of
from chainrule.estimators.tables.parameters import TABLE_CONSTRAINTS
from chainrule.estimators.tables.preparation import Given, TableJob, prepare_table
from chainrule.estimators.tables.recipe import (
    BIN_HEIGHTS,
    bins_of,
    learning_rate_of,
    scoring_of,
)
from chainrule.estimators.tables.samples import rows_as_table
from chainrule.estimators.tables.scores import mean_of_members
from chainrule.estimators.tables.streaming import prepare_table_stream
from chainrule.estimators.tables.training import fit_members
from chainrule.files.record import COLUMNS, RECORD
from chainrule.inputs import Inputs, Options
from chainrule.inputs.tables import TableEncoder
from chainrule.targets import Classes, Objective, Targets
from chainrule.training.session import ranks_of
from chainrule.types import Array


@dataclass(eq=False, repr=False, kw_only=True)
class TableEstimator(FittedNetwork):
    """Several networks for a table, trained as one chain; it predicts what they do on average."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = TABLE_CONSTRAINTS
    _kinds_of_inputs: ClassVar[Collection[str]] = (TableEncoder.kind,)
    _recorded: ClassVar[Collection[str]] = (*RECORD, *COLUMNS)

    members: Any = "auto"
    hidden_layer_sizes: Any = "auto"
    activation: Any = "auto"
    dropout: Any = "auto"
    batch_ensemble: Any = False
    learning_rate_init: Any = "auto"
    weight_decay: Any = "auto"
    batch_size: Any = "auto"
    max_iter: Any = "auto"
    max_seconds: Any = None
    validation_fraction: Any = 0.2
    n_iter_no_change: Any = "auto"
    scoring: Any = "auto"
    drop: Any = ()
    categorical: Any = ()
    numeric: Any = ()
    keep: Any = ()
    text: Any = field(default=(), metadata=added(before=()))
    bins: Any = "auto"
    max_categories: Any = field(default="auto", metadata=added(before="auto"))
    random_state: Any = None
    verbose: Any = False
    precision: Any = "float32"
    n_jobs: Any = None
    engine: Any = "auto"

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    @with_run_docs
    def fit(
        self,
        X: Any,
        y: Any = None,
        sample_weight: Any = None,
        *,
        target: str | Sequence[str] | None = None,
        groups: Any = None,
        time: Any = None,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
        checkpoint: str | os.PathLike[str] | None = None,
        checkpoint_every: float | None = None,
        communicator: Any = None,
    ) -> Any:
        """Fit the networks to rows X and their answers y.

        Parameters
        ----------
        X : DataFrame, pyarrow table, dict, array-like of shape (n_samples, n_features), str or path
            The rows, as they are: numbers, words, dates, missing cells. A str or path names a file.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), or str, default=None
            The answers, or the column of X that has them; several numbers a row for a regressor.
        sample_weight : array-like of shape (n_samples,), default=None
            What each row weighs; all weigh the same by default.
        target : str or list of str, default=None
            The column of X that has the answers, or the columns of a regressor.
        groups : str or array-like of shape (n_samples,), default=None
            The rows held out are whole groups, such as all rows of some patients. A column that is
            named is no input.
        time : str or array-like of shape (n_samples,), default=None
            The rows held out are the last in time: numbers, or dates.
        X_val, y_val, sample_weight_val : like X, y and sample_weight, default=None
            Rows to hold out, in place of a part of X.
        checkpoint, checkpoint_every, communicator
            {as of every fit}

        Returns
        -------
        self : object
            The estimator, fitted.
        """
        begin = perf_counter()
        held_out = held_in_memory((X_val, y_val, sample_weight_val))
        prepared = prepare_table_stream if isinstance(X, DataStream) else prepare_table
        with ranks_of(communicator):
            kept = FitCheckpoint.of(self, checkpoint, checkpoint_every)
            given = Given(sample_weight, target, groups, time, held_out, checkpoint=kept)
            return self._train(prepared(self, X, y, given), begin)

    def _train(self, job: TableJob, begin: float | None = None) -> Self:
        """Train, and take over what training has led to; time counts from the beginning."""
        seconds = None
        if self.max_seconds is not None:
            spent = 0.0 if begin is None else perf_counter() - begin
            seconds = max(1e-3, float(self.max_seconds) - spent)
        result = unless_one_of_many(fit_members(job, seconds))
        self._install(job, result)
        conclude(job, result)
        return self

    def _options(self, table: Table, *, named: bool, groups: str | None) -> Options:
        """Return what the parameters say of the columns; those of arrays are all meant."""
        drop = tuple(dict.fromkeys([*map(str, self.drop), *([] if groups is None else [groups])]))
        named_by = (self.categorical, self.numeric, self.text)
        chosen = {*drop, *(str(name) for names in named_by for name in names)}
        keep = tuple(map(str, self.keep)) if named else table.names
        return Options(
            type(self).__name__,
            drop=drop,
            categorical=tuple(map(str, self.categorical)),
            numeric=tuple(map(str, self.numeric)),
            text=tuple(map(str, self.text)),
            keep=tuple(name for name in keep if named or name not in chosen),
            **self.encoding,
        )

    @property
    def encoding(self) -> dict[str, Any]:
        """How columns become features, as parameters say it: fields of :class:`Options`."""
        return {
            "encoding": "piecewise",
            **bins_of(self, classes=self._kind_of_targets == Classes.kind),
            "max_categories": None if self.max_categories == "auto" else int(self.max_categories),
            "bin_height": BIN_HEIGHTS[self._kind_of_targets == Classes.kind],
            "answers_follow": True,
            "threads": resolve.threads(self.n_jobs),
        }

    def _objective(self, targets: Targets) -> Objective:
        return member_objective(targets)

    def _check_chain(self, chain: Any, inputs: Inputs, targets: Targets) -> None:
        shape = chain.output_shape
        fits = len(shape) == 2 and shape[1] == outputs_of(targets)
        if not fits or chain.input_shape != inputs.sample_shape:
            raise ValueError("expected a chain of members for its columns and answers")

    def _described(self, inputs: Inputs, targets: Targets, chain: Any) -> dict[str, Any]:
        """Return the attributes of a fit but for the columns', of which inputs leave some out."""
        described = super()._described(inputs, targets, chain)
        return {name: value for name, value in described.items() if name not in COLUMNS}

    @property
    def _solver_name(self) -> str:
        return "adamw"

    @property
    def _first_learning_rate(self) -> float:
        return learning_rate_of(self, classes=self._kind_of_targets == Classes.kind)

    @property
    def scoring_(self) -> Any:
        """What is watched on the rows held out."""
        return scoring_of(self, classes=self._kind_of_targets == Classes.kind)

    @property
    def columns_(self) -> list[str]:
        """What each column is, and what became of it, in a line for each."""
        return [
            "; ".join([f"{told['name']}: {told['kind']}, {told['became']}", *told["remarks"]])
            for told in self.inputs_.describe()
        ]

    # Using the fitted members.

    def _encoded(self, X: Any) -> Array:
        """Return X as the chain takes it."""
        return np.asarray(self.inputs_.encode(self._raw(X)))

    def _raw(self, X: Any) -> Table:
        """Return raw rows as a table, without the answers that may have come along."""
        table, _ = rows_as_table(self, X, reset=False)
        for name in self.targets_.columns:
            table = table.without(name) if name in table.names else table
        return table

    def _outputs(self, X: Any, *, fused_away: bool = False) -> Array:
        """Return the mean of the members' outputs (n, c)."""
        if isinstance(X, DataStream):
            return by_parts(lambda rows: mean_of_members(self._of_each(rows)), X, self.inputs_)
        return mean_of_members(self._of_each(X))

    def _of_each(self, X: Any, *, fused_away: bool = False) -> Array:
        """Return each member's outputs of X (n, k, c), or what goes into its last function."""
        return super()._outputs(X, fused_away=fused_away)

    def jacobian(self, X: Any) -> Array:
        """Return the derivative of each output by each encoded column, at each row.

        A classifier's outputs are probabilities: one, of the second class, where there are two.

        Parameters
        ----------
        X : DataFrame, pyarrow table, dict, array-like, str or path
            The rows.

        Returns
        -------
        jacobian : ndarray of shape (n_samples, n_outputs, len(inputs_.feature_names))
        """
        return np.asarray(super().jacobian(X).mean(axis=1))

    def _html_repr(self) -> str:
        """Return scikit-learn's picture of it; fitted, with its columns and its training."""
        parts = [estimator_html_repr(self)]
        if self._has_network():
            told = self.inputs_, getattr(self, "history_", None)  # most files have no history
            parts += [part._repr_html_() for part in told if part is not None]
        return "".join(parts)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = tags.input_tags.allow_nan = True
        return tags
