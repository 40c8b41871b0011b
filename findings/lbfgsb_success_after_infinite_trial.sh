#!/usr/bin/env bash
# SciPy 1.17.1 (numpy 2.4.6): minimize(method="L-BFGS-B") reports success at a point with a steep slope
# after one trial step at which the function overflows to +inf.
#
# f(x) = exp(x) − 10 x is smooth and convex, with its least value −13.03 at x = ln 10 = 2.30. From
# x = −100, with its derivative given, the second line search first tries x = 4779, where exp is inf.
# The next point is x = −1.60 again, where that line search began, and then:
#     success True, message "CONVERGENCE: RELATIVE REDUCTION OF F <= FACTR*EPSMCH"
#     x = −1.60, fun = 16.21, jac = −9.80 (gtol is 1e-5)
# The step of length 0 is taken as an iteration, and its reduction of 0 is within ftol. With 1e300 in
# place of inf the function is minimized, and so it is by BFGS with inf.
#
# Expected: a shorter step, as after other values that are too high, or success False. The description
# of ftol is of what an iteration gains, and has no word on a step of length 0; that the function has
# to be finite wherever it is tried is not said either.
#
# Exits 0 where this is so, 1 where it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q scipy==1.17.1 numpy==2.4.6 2>"$folder/pip.txt" || { cat "$folder/pip.txt"; exit 1; }
"$folder/venv/bin/python" - <<'PY'
import numpy as np
from scipy.optimize import minimize


def run(method, overflow):
    """Minimize exp(x) − 10 x from −100, with a given number where exp overflows; also all that was tried."""
    tried = []

    def value_and_slope(x):
        with np.errstate(over="ignore"):
            power = np.exp(x[0])
        power = overflow if np.isinf(power) else power
        tried.append((x[0], power - 10 * x[0]))
        return power - 10 * x[0], np.array([power - 10])

    return minimize(value_and_slope, [-100.0], jac=True, method=method), tried


right = True
for method, overflow in (("L-BFGS-B", np.inf), ("L-BFGS-B", 1e300), ("BFGS", np.inf)):
    result, tried = run(method, overflow)
    x, slope = result.x[0], result.jac[0]
    print(f"{method}, {overflow} where exp overflows: success {result.success}, {result.message}")
    print(f"    x {x:.4f}, fun {result.fun:.4f}, jac {slope:.2g}")
    if (method, overflow) == ("L-BFGS-B", np.inf):
        print("    last three trials:", *(f"f({point:.4f}) = {value:.4f}" for point, value in tried[-3:]))
        before, trial, after = tried[-3:]
        right &= trial[1] == np.inf and before == after == (x, result.fun)
        right &= result.success and abs(slope) > 1 and result.message.startswith("CONVERGENCE: RELATIVE REDUCTION")
    else:
        right &= result.success and abs(x - np.log(10)) < 1e-4
raise SystemExit(not right)
PY
