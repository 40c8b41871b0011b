"""Settings of the whole suite: nothing in it depends on how fast, or how busy, a machine is.

As many files run at once as there are processors: threads of NumPy's and scikit-learn's libraries
would spend them on waiting for each other.
"""

import os

from hypothesis import HealthCheck, settings

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")
