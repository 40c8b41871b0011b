"""A fitted network with scikit-learn's manners: what it owns, and what it is used for.

An estimator owns inputs, a chain and targets. How these come about is the business of its ``fit``.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable
from typing import Any, ClassVar, Self

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from chainrule.chain import Chain
from chainrule.checking import Report, check_gradients
from chainrule.data import Column
from chainrule.data.streams import DataStream
from chainrule.estimators.fitting import FitJob, FitResult
from chainrule.estimators.prediction import Predictions
from chainrule.estimators.preparation import dense_labelled
from chainrule.estimators.streams.prediction import by_parts
from chainrule.estimators.training_state import (
    GOES_ON,
    attributes_of,
    keeps_training,
    training_of,
)
from chainrule.estimators.validation import read_samples
from chainrule.files.estimator import load_estimator, save_estimator
from chainrule.files.record import RECORD
from chainrule.finite import finite_outputs
from chainrule.inputs import INPUTS, Inputs
from chainrule.later import later
from chainrule.targets import Objective, Targets, out_activation
from chainrule.types import Array


class FittedNetwork(BaseEstimator, ABC):  # type: ignore[misc]
    """A network, ``inputs_``, ``chain_`` and ``targets_``, with scikit-learn's manners."""

    _kinds_of_inputs: ClassVar[Collection[str]] = INPUTS.keys()
    _kind_of_targets: ClassVar[str]
    _recorded: ClassVar[Collection[str]] = RECORD
    """The attributes that its files keep beside inputs, chain and targets."""

    # What a class of the room states.

    @abstractmethod
    def _new_targets(self, y: Any, name: str, *, cells: bool) -> Targets:
        """Return the targets of validated answers.

        Their column has a name, or "", and ``cells`` says whether they were read from one's cells.
        """

    @abstractmethod
    def _objective(self, targets: Targets) -> Objective:
        """Return the loss, the function that ends a chain for the targets, and the divisor."""

    @abstractmethod
    def _new_answers(self, column: Column) -> Array:
        """Return the cells of a column as answers (n,), where no targets are known yet."""

    def _answers(self, y: Any) -> Any:
        """Return raw answers, those that only this kind of estimator takes as others do."""
        return y

    def _check_answers(self, y: Any, targets: Targets, *, warm: bool) -> None:
        """Raise ValueError if validated answers are none of the targets."""

    @abstractmethod
    def _check_chain(self, chain: Any, inputs: Inputs, targets: Targets) -> None:
        """Raise ValueError if a chain, or its layout, does not fit its inputs and targets."""

    @property
    @abstractmethod
    def _solver_name(self) -> str:
        """What moves the parameters, by name."""

    @property
    @abstractmethod
    def _first_learning_rate(self) -> float | None:
        """The learning rate with which it begins; None of what has none."""

    def _sample_weights(
        self, y: Any, targets: Targets, weights: Array | None, *, incremental: bool
    ) -> Array | None:
        """Return the weights of samples with answers y."""
        return weights

    def _training_targets(self, targets: Targets, t: Array) -> Array:
        """Return targets t as training sees them."""
        return t

    # A fit.

    def _install(self, job: FitJob, result: FitResult) -> None:
        """Take over a trained network: the one place where a fit changes the estimator."""
        fitted = [name for name in vars(self) if name[-1] == "_" and name[0] != "_"]
        for name in [*fitted, "_optimizer", GOES_ON] if job.first else ["metadata_"]:
            self.__dict__.pop(name, None)
        self.__dict__.update(job.fitted())
        self.__dict__.update(result.attributes)
        if job.incremental:
            self.__dict__[GOES_ON] = True

    def _described(self, inputs: Inputs, targets: Targets, chain: Any) -> dict[str, Any]:
        """Return the fitted attributes that describe inputs, targets, and the end of a chain."""
        names = inputs.raw_names
        return {
            "inputs_": inputs,
            "targets_": targets,
            "n_features_in_": inputs.raw_count,
            **({} if names is None else {"feature_names_in_": np.array(names, dtype=object)}),
            **targets.attributes(),
            "out_activation_": out_activation(chain.functions[-1]),
        }

    def _chain_attributes(self, chain: Chain) -> dict[str, Any]:
        """Return the fitted attributes that hold a chain, and programs for it."""
        return {"chain_": chain, "_predictions": Predictions()}

    # Using a fitted network.

    def _network(self, targets: Targets | None = None) -> Chain:
        """Return the fitted chain, whose targets may be given."""
        chain: Chain = self.chain_
        return chain

    def _has_network(self) -> bool:
        """Return whether there is a chain to go on with."""
        return hasattr(self, "chain_")

    def __sklearn_is_fitted__(self) -> bool:
        """Return whether there is a network."""
        return self._has_network()

    def _raw(self, X: Any) -> Any:
        """Return raw samples as the inputs take them."""
        return X

    def _encoded(self, X: Any) -> Any:
        """Return X as the fitted chain takes it."""
        return read_samples(self, X, self.inputs_)

    def _outputs(self, X: Any, *, fused_away: bool = False) -> Array:
        """Return the chain's outputs of X, or what goes into a last function that fuses."""
        if not self._has_network():
            check_is_fitted(self)  # which says so
        if isinstance(X, DataStream):
            return by_parts(
                lambda rows: self._outputs(rows, fused_away=fused_away), X, self.inputs_
            )
        return np.asarray(self._predictions(self, X, whole=not fused_away))

    def save(self, path: str | os.PathLike[str], *, training_state: bool | None = None) -> None:
        """Write the fitted network to a .safetensors file, from which ``load`` takes it.

        The file has the constructor's parameters, inputs, chain, targets and curves. What is
        written can be read: parameters that were set after ``fit`` come back as they are, beside
        the network that was fitted.

        Parameters
        ----------
        path : str or path
            Of the file.
        training_state : bool, default=None
            Whether it also has what training goes on with: the optimizer's numbers, which make the
            file of an Adam three times as large, and ``history_``. ``partial_fit`` and ``fit``
            with ``warm_start=True`` then give the bits that the estimator in memory would give;
            from other files ``partial_fit`` begins with a new optimizer. None is True where
            training is likely to go on: after ``partial_fit``, with ``warm_start=True``, and of
            an estimator from a file that has it.

        Raises
        ------
        ModelFileError
            The file cannot be written, its name ends as fastText's do (.bin, .ftz, .vec), or
            something cannot be kept in it.
        """
        check_is_fitted(self)
        save_estimator(path, self, training_state=keeps_training(self, training_state))

    _training_state = training_of
    _training_attributes = staticmethod(attributes_of)

    @classmethod
    def load(cls, path: str | os.PathLike[str], functions: Iterable[type[Any]] = ()) -> Self:
        """Return the estimator in a file; nothing in the file is executed.

        Parameters
        ----------
        path : str or path
            Of the file.
        functions : iterable of classes, default=()
            Classes of your own that it uses: functions, losses, optimizers, schedules,
            augmentations. They are dataclasses. Where a later release has a class of the same
            name, yours is taken.

        Returns
        -------
        estimator : object

        Raises
        ------
        ModelFileError
            The file is no estimator of this class, cut off, damaged, or uses unknown classes.
        """
        estimator: Self = load_estimator(path, [cls], functions)
        return estimator

    def export(self, path: str | os.PathLike[str], **options: Any) -> Any:
        """Write the fitted network as a program of its own, from raw samples to answers.

        Parameters
        ----------
        path : str or path
            Of the file: .c for C99, .js for a module of JavaScript, .onnx for ONNX.
        **options : dict
            As :func:`chainrule.export_network` has them: ``to``, ``precision``, ``gradient``,
            ``samples``, ``weights``, ``name``, ``opset``, ``encoded``.

        Returns
        -------
        exported : Exported
            What has been written, and how large it is.
        """
        check_is_fitted(self)
        return later("export").export_network(self, path, **options)

    def explain(
        self, X: Any = None, y: Any = None, path: str | os.PathLike[str] = "page.html"
    ) -> Any:
        """Write a page that computes the network and its gradients, and shows how they come about.

        It is one file of HTML for any browser, live: draw, move or type a sample, and the numbers
        of each layer, each gradient term by term, a step of gradient descent, and what each input
        contributed, all follow.

        Parameters
        ----------
        X : array-like, a table, images, or a file's name, default=None
            Samples, of which the page keeps some; None: the page begins with a blank one.
        y : array-like or str, default=None
            Their answers.
        path : str or path, default="page.html"
            Of the file; what is there is overwritten.

        Returns
        -------
        page : Page
            What has been written.
        """
        check_is_fitted(self)
        return later("explain").explain_network(self, X, y, path)

    def derivation(self, X: Any = None, y: Any = None, **options: Any) -> Any:
        """Write the network's backprop out, line by line, from its loss to each parameter.

        Parameters
        ----------
        X : array-like, a table, images, or a file's name, default=None
            Samples whose numbers are shown beside the formulas; one is enough.
        y : array-like or str, default=None
            Their answers.
        **options : dict
            As :func:`chainrule.derivation` has them: ``key``, ``input_gradient``, ``digits``.

        Returns
        -------
        derivation : Derivation
            Prints as text; ``check()``, ``latex()``, ``html()`` and ``exercise()`` do the rest.
        """
        check_is_fitted(self)
        return later("explain").derivation(self, X=X, t=y, **options)

    def input_gradient(self, X: Any, y: Any = None, sample_weight: Any = None) -> Array:
        """Return the gradient of the mean loss by X: how much each number in it matters.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), images, a table, or a file's name
            The samples.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), or str, default=None
            Answers, or the column of a table that holds them; None takes the column of training.
        sample_weight : array-like of shape (n_samples,), default=None
            What each sample weighs; all weigh the same by default.

        Returns
        -------
        gradient : ndarray of the shape of X
            Of a table it is by the encoded columns, (n_samples, len(inputs_.feature_names)).
        """
        X, data = dense_labelled(self, X, y, sample_weight)
        loss = self._objective(self.targets_).loss
        gradient = self._network().input_gradient(loss, data.X, data.t, data.weights)
        finite_outputs(type(self).__name__, gradient, "gradient")
        return np.asarray(self.inputs_.decode(gradient, X))

    def jacobian(self, X: Any) -> Array:
        """Return the derivative of each output by each feature, at each sample.

        A classifier's outputs are probabilities: one, of the second class, where there are two.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), images, a table, or a file's name
            The samples.

        Returns
        -------
        jacobian : ndarray of shape (n_samples, n_outputs, …), the last axes as a sample's
        """
        check_is_fitted(self)
        encoded = self._encoded(X)
        dense = encoded.toarray() if sparse.issparse(encoded) else encoded
        jacobian = self._network().jacobian(dense)
        finite_outputs(type(self).__name__, jacobian, "derivative")
        return np.asarray(self.inputs_.decode(jacobian, X))

    def check_gradients(self, X: Any, y: Any = None, sample_weight: Any = None) -> Report:
        """Compare backprop with finite differences, in float64, at the fitted parameters.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), images, a table, or a file's name
            A few samples are enough.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), or str, default=None
            Answers, or the column of a table that holds them; None takes the column of training.
        sample_weight : array-like of shape (n_samples,), default=None
            What each sample weighs; all weigh the same by default.

        Returns
        -------
        report : Report
            Prints as a table; ``report.passed`` is the verdict.
        """
        _, data = dense_labelled(self, X, y, sample_weight)
        loss, chain = self._objective(self.targets_).loss, self._network().astype(np.float64)
        return check_gradients(chain, loss, data.X, data.t, data.weights)

    # scikit-learn's protocols.

    def __getstate__(self) -> Any:
        """Return the state without programs, which hold addresses."""
        state = super().__getstate__()
        return {key: value for key, value in state.items() if key != "_predictions"}

    def __setstate__(self, state: Any) -> None:
        super().__setstate__(state)
        if "chain_" in self.__dict__:
            self.__dict__.update(self._chain_attributes(self.chain_))
