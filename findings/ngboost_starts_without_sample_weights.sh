#!/usr/bin/env bash
# NGBoost 0.5.11 (scikit-learn 1.9.1, scipy 1.17.1, numpy 2.4.6): the distribution that boosting starts from
# is fitted without sample_weight, so that rows of weight 0 shift every prediction.
#
# 1,000 numbers around 1, and as many around 1,000 whose weight is 0:
#     start of NGBRegressor with sample_weight       mean 500
#     start without the rows of weight 0             mean 1
#     predictions after 100 rounds, with weights     mean 68, scale 252
#     the same without the rows of weight 0          mean 1, scale 1
# After 500 rounds most of it has been made good here, the scale still being 1.13 for 0.97. NGBClassifier,
# for as many rows of weight 9 in class 0 as of weight 1 in class 1, starts at a probability of 0.5 and not
# at 0.1.
#
# Expected: a start by the weighted rows, as for all trees that come after it, and as in the gradient
# boosting of scikit-learn. sample_weight is described as the weights of training examples.
# Where: ngboost.ngboost.NGBoost.partial_fit, fit_init_params_to_marginal(Y) without its weights.
#
# Exits 0 where this is so, 1 where it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q ngboost==0.5.11 scikit-learn==1.9.1 scipy==1.17.1 numpy==2.4.6 2>"$folder/pip.txt" || { cat "$folder/pip.txt"; exit 1; }
"$folder/venv/bin/python" - <<'PY'
import numpy as np
from ngboost import NGBClassifier, NGBRegressor
from sklearn.ensemble import GradientBoostingRegressor

rng = np.random.default_rng(0)
X = rng.normal(size=(2000, 3))
counts = np.arange(2000) < 1000
weights = counts.astype(float)
y = np.where(counts, 1.0, 1000.0) + rng.normal(size=2000)
kwargs = {"n_estimators": 100, "random_state": 0, "verbose": False}
weighted = NGBRegressor(**kwargs).fit(X, y, sample_weight=weights)
chosen = NGBRegressor(**kwargs).fit(X[counts], y[counts])
usual = NGBRegressor(**{**kwargs, "n_estimators": 500}).fit(X, y, sample_weight=weights)
for name, model in (("weights", weighted), ("rows chosen", chosen), ("weights, 500 rounds", usual)):
    spread = model.pred_dist(X).scale
    print(f"{name}: starts at mean {model.init_params[0]:.2f} and scale {np.exp(model.init_params[1]):.2f};"
          f" predictions' mean {model.predict(X).mean():.2f}, mean scale {spread.mean():.2f}")
trees = GradientBoostingRegressor(n_estimators=100, random_state=0).fit(X, y, sample_weight=weights)
print(f"scikit-learn: starts at {trees.init_.predict(X[:1])[0]:.2f}, predictions' mean {trees.predict(X).mean():.2f}")
right = abs(weighted.init_params[0] - y.mean()) < 1e-6 and abs(chosen.init_params[0] - 1) < 0.2
right &= weighted.predict(X).mean() > 10 and weighted.pred_dist(X).scale.mean() > 50
right &= abs(chosen.predict(X).mean() - 1) < 0.2 and chosen.pred_dist(X).scale.mean() < 1.2
right &= abs(trees.predict(X).mean() - 1) < 0.2

half = NGBClassifier(n_estimators=1, random_state=0, verbose=False)
half.fit(X, (~counts).astype(int), sample_weight=np.where(counts, 9.0, 1.0))
start = 1 / (1 + np.exp(-half.init_params[0]))
print(f"NGBClassifier: starts at a probability of {start:.2f} for a class with a tenth of all weight")
right &= abs(start - 0.5) < 1e-6
raise SystemExit(not right)
PY
