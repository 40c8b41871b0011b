"""Compute all results with the processor at hand and keep them in a file.

    python compute.py FILE [threads …]
"""

import sys

import numpy as np
from operations import results
from texts import models
from trainings import trainings

if __name__ == "__main__":
    path, *threads = sys.argv[1:]
    found = {**dict(results()), **dict(models())}
    for training in trainings():
        for number in map(int, threads):
            found[f"{training.name}; {number}"] = training.result(number)
    np.savez(path, **found)
