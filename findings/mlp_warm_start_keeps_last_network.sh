#!/usr/bin/env bash
# scikit-learn 1.9.1 (numpy 2.4.6): with early_stopping and warm_start, MLPClassifier and MLPRegressor
# end a later fit with its last network, and not with the best, where none of its epochs was better.
#
# A fit with early_stopping ends with the network of the epoch that scored best on the samples held
# out, as the second fit below does. The third finds nothing better: its network is the one after its
# last epoch, while best_validation_score_ still is the score of the second fit's:
#     MLPRegressor:  best_validation_score_ 0.8347, its own score on the samples held out 0.8127
#     MLPClassifier: best_validation_score_ 0.9000, its own score on the samples held out 0.8667
# (All fits but the first hold out the same samples, as random_state is a number.)
#
# Expected: the network that best_validation_score_ belongs to, which also was the start of that fit.
# Descriptions of the parameters do not say which network is kept; the code says it is the best.
# Where: BaseMultilayerPerceptron._fit_stochastic. A fit ends with coefs_ = _best_coefs, the same
# arrays; the next one updates coefs_ in place, and so the copy that was to be kept. With arrays of
# their own in _best_coefs and _best_intercepts, the same third fit ends with the best network.
#
# Exits 0 where this is so, 1 where it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q scikit-learn==1.9.1 numpy==2.4.6 2>"$folder/pip.txt" || { cat "$folder/pip.txt"; exit 1; }
"$folder/venv/bin/python" - <<'PY'
import copy
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor

warnings.simplefilter("ignore", ConvergenceWarning)  # six epochs a fit, on purpose
rng = np.random.default_rng(0)
X = rng.normal(size=(300, 3))
numbers = X[:, 0] * X[:, 1] + X[:, 2] + rng.normal(size=300) / 2
right = True
for kind, y in ((MLPRegressor, numbers), (MLPClassifier, numbers > 0)):
    model = kind(
        hidden_layer_sizes=20, learning_rate_init=0.03, max_iter=6,
        early_stopping=True, warm_start=True, random_state=6,
    )
    _, X_held, _, y_held = train_test_split(
        X, y, test_size=0.1, random_state=6, stratify=y if kind is MLPClassifier else None
    )

    def state(name, fitted):
        best, own = fitted.best_validation_score_, fitted.score(X_held, y_held)
        epochs = fitted.validation_scores_[-fitted.n_iter_ :]
        print(f"{kind.__name__}, {name}: best_validation_score_ {best:.4f}, own score {own:.4f},"
              f" epochs {' '.join(f'{score:.4f}' for score in epochs)}")
        return best, own, epochs

    best, own, epochs = state("second fit", model.fit(X, y).fit(X, y))
    right &= bool(np.isclose(own, best) and np.isclose(max(epochs), best))

    apart = copy.deepcopy(model)
    apart._best_coefs = [W.copy() for W in apart.coefs_]
    apart._best_intercepts = [b.copy() for b in apart.intercepts_]

    still, own, epochs = state("third fit", model.fit(X, y))
    right &= bool(still == best and max(epochs) <= best and own < best - 0.01 and np.isclose(own, epochs[-1]))

    still, own, epochs = state("third fit, arrays apart", apart.fit(X, y))
    right &= bool(still == best and np.isclose(own, best))
raise SystemExit(not right)
PY
