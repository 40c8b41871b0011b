"""What training takes beyond its data: python -m benchmarks.memory FOLDER TRAINER THREADS.

A fresh process loads the libraries, the data and the weights to start from. From there on it makes
the trainer and takes one epoch; the most memory that it holds meanwhile, less what it held
before, is what is counted: parameters, gradients, the optimizer's state, values between the layers,
compiled code, and whatever is copied on the way.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
import tempfile
from contextlib import suppress
from importlib import import_module
from pathlib import Path

from benchmarks.cases import Case, Start
from benchmarks.peers import TRAINERS, Trainer

STATUS = Path("/proc/self/status")


def beyond_data(trainer: type[Trainer], case: Case, start: Start, threads: int) -> int:
    """Return bytes, measured once, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        start.save(Path(folder))
        (Path(folder) / "case").write_bytes(pickle.dumps(case))
        command = [sys.executable, "-m", "benchmarks.memory", folder, trainer.name, str(threads)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    return int(done.stdout)


def most_held() -> int:
    """Return the most bytes of memory that this process has held."""
    if STATUS.exists():  # the call below may count the process that started this one
        line = next(x for x in STATUS.read_text().splitlines() if x.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _forget() -> None:
    """Let the most memory be what the process holds now, where the system can do that."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def main() -> None:
    """Train, and print the bytes."""
    folder, name, threads = sys.argv[1:]
    kind = next(kind for kind in TRAINERS if kind.name == name)
    case = pickle.loads((Path(folder) / "case").read_bytes())
    start = Start.load(Path(folder))
    for library in kind.libraries:
        import_module(library)
    _forget()
    before = most_held()
    kind(case, start, int(threads)).epoch()
    print(most_held() - before)


if __name__ == "__main__":
    main()
