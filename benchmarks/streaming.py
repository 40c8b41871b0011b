"""Rows on a disk beside the same rows in memory, and a folder of large photos.

A Parquet set of float32 numbers is written, a group at a time. Processes of their own then train
the same network on it, in turns: one streams all rows, one has those in memory that fit there. What
counts is rows a second, of the faster of two epochs and of two turns, and the most memory that a
process has held, libraries included. Of a large set the first seconds of an epoch are enough: its
blocks come from all over it. A set `rows.parquet` that is in the folder already is taken.

python -m benchmarks.streaming KIND PATH ROWS SECONDS is such a process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import warnings
from operator import itemgetter
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.memory import most_held
from benchmarks.tables import figure, head, row

COLUMNS, GROUP = 100, 65_536
HIDDEN, BATCH, EPOCHS = (512, 256), 256, 2
TURNS = 2
PHOTOS, SIDES = 40, (3000, 4000)
SIZE = 64
SET = "rows.parquet"


def measure(
    folder: Path | None, gigabytes: float, most_in_memory: float, seconds: float, only: str = ""
) -> dict[str, Any]:
    """Print tables of rows and of photos, or of one of them; return the figures."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(dir=folder) as own:
        if only in "rows":
            there = None if folder is None else folder / SET
            path = there if there is not None and there.exists() else Path(own) / SET
            found["rows"] = rows(path, gigabytes, most_in_memory, seconds)
        if only in "photos":
            found["photos"] = photos(Path(own))
    return found


def rows(path: Path, gigabytes: float, most_in_memory: float, seconds: float) -> dict[str, Any]:
    """Train on a Parquet set of so many gigabytes, streamed, and on a part of it in memory.

    Streamed, for so many seconds at most, if that is not 0.
    """
    count = round(gigabytes * 1e9 / (4 * COLUMNS) / GROUP) * GROUP
    few = min(count, round(most_in_memory * 1e9 / (4 * COLUMNS) / GROUP) * GROUP)
    if not path.exists():
        write(path, count)
    size = os.path.getsize(path)
    layers = "-".join(map(str, (COLUMNS, *HIDDEN, 1)))
    print(f"\n{layers}, Adam, batches of {BATCH}, rows of a Parquet set of {size / 1e9:.3g} GB;")
    first = f", streamed the first {seconds:g} s of one" if seconds else ""
    print(f"the faster of {EPOCHS} epochs{first}, and of {TURNS} turns.\n")
    found: dict[str, dict[str, Any]] = {}
    for _ in range(TURNS):
        for name, own, limit in (("streamed", count, seconds), ("in memory", few, 0.0)):
            one = in_process(name, path, own, limit)
            known = found.setdefault(name, one)
            found[name] = {**max(known, one, key=itemgetter("speed"))}
            found[name]["peak"] = max(known["peak"], one["peak"])
    heads = "rows", "trained on", "rows a second", "of memory's", "peak, MB", "from the disk, GB"
    head(*heads, "waited for it, s")
    for name, one in found.items():
        share = one["speed"] / found["in memory"]["speed"]
        waited = figure(one["waited"]) if "waited" in one else ""
        disk = figure(one["disk"] / 1e9) if "disk" in one else ""
        cells = figure(one["speed"]), f"{share:.0%}", figure(one["peak"] / 1e6), disk, waited
        row(name, f"{one['rows']:,}", *cells)
    return {"bytes": size, **found}


def photos(folder: Path) -> dict[str, Any]:
    """Read a folder of photos of 12 megapixels, as training does, and by Pillow alone."""
    from PIL import Image

    numbers = np.random.default_rng(0)
    for number in range(PHOTOS):
        kind = folder / "photos" / "ab"[number % 2]
        kind.mkdir(parents=True, exist_ok=True)
        pixels = numbers.integers(0, 255, (SIDES[0] // 20, SIDES[1] // 20, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize(SIDES[::-1]).save(kind / f"{number}.jpg", quality=90)
    found = {kind: in_process(kind, folder, PHOTOS) for kind in ("folder", "draft")}
    print(f"\n{PHOTOS} photos of {SIDES[1]} × {SIDES[0]} pixels as {SIZE} × {SIZE}.\n")
    head("read by", "ms a photo", "peak, MB")
    for name, one in zip(("chainrule", "Pillow’s draft and resize"), found.values(), strict=True):
        row(name, figure(one["seconds"] / PHOTOS * 1e3), figure(one["peak"] / 1e6))
    return found


def write(path: Path, count: int) -> None:
    """Write a Parquet set of random rows and their classes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    numbers = np.random.default_rng(0)
    weights = numbers.normal(size=COLUMNS).astype(np.float32)
    names = [f"x{place}" for place in range(COLUMNS)]
    schema = pa.schema([*((name, pa.float32()) for name in names), ("y", pa.int64())])
    with pq.ParquetWriter(path, schema, use_dictionary=False) as file:
        for _ in range(count // GROUP):
            X = numbers.random((COLUMNS, GROUP), dtype=np.float32) - 0.5
            y = (weights @ X + np.sin(9 * X[0]) > 0).astype(np.int64)
            file.write_table(pa.table([*X, y], schema=schema))


def in_process(kind: str, path: Path, count: int, seconds: float = 0.0) -> dict[str, Any]:
    """Return what a process of its own measures."""
    options = kind, str(path), str(count), str(seconds)
    command = [sys.executable, "-m", "benchmarks.streaming", *options]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


class Windows:
    """Watches the windows of a stream that are trained on, and ends training after some seconds.

    The first one is waited for before training can begin, and does not count.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds or np.inf
        self.rows, self.begun, self.spent, self.waited, self.before = 0, 0.0, 0.0, 0.0, 0.0

    def watch(self) -> None:
        """Be told of each window from now on."""
        from chainrule.training.windows import WindowedSamples

        take = WindowedSamples._next

        def taken(own: WindowedSamples) -> list[slice]:
            parts = take(own)
            now = perf_counter()
            self.begun, self.before = self.begun or now, self.before or own.waited
            self.spent, self.waited = now - self.begun, own.waited - self.before
            if self.spent > self.seconds:
                raise KeyboardInterrupt
            self.rows += sum(part.stop - part.start for part in parts)
            return parts

        WindowedSamples._next = taken  # type: ignore[method-assign]


def trained(X: Any, y: Any, count: int, seconds: float) -> dict[str, Any]:
    """Return how many rows a second a training takes, and what it waited for."""
    from chainrule import MLPClassifier

    windows = Windows(seconds)
    windows.watch()
    epochs = 1 if seconds else EPOCHS
    model = MLPClassifier(HIDDEN, batch_size=BATCH, max_iter=epochs, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, y)
    more = {"waited": windows.waited} if windows.rows else {}
    if windows.spent > windows.seconds:
        return {"rows": windows.rows, "speed": windows.rows / windows.spent, **more}
    fastest = min(epoch.seconds for epoch in model.history_.epochs)
    return {"rows": count, "speed": count / fastest, **more}


def of_rows(kind: str, path: Path, count: int, seconds: float) -> dict[str, Any]:
    """Train on rows, streamed or in memory."""
    if kind == "streamed":
        from chainrule import DataStream

        return {**trained(DataStream(path, "y"), None, count, seconds), **from_disk()}
    import pyarrow.parquet as pq

    X, y, at = np.empty((count, COLUMNS), np.float32), np.empty(count, np.int64), 0
    for batch in pq.ParquetFile(path).iter_batches(GROUP):
        stop = min(at + len(batch), count)
        for place in range(COLUMNS):
            X[at:stop, place] = batch.column(place).to_numpy()[: stop - at]
        y[at:stop] = batch.column(COLUMNS).to_numpy()[: stop - at]
        if (at := stop) == count:
            break
    return trained(X, y, count, 0.0)


def from_disk() -> dict[str, float]:
    """Return how many bytes this process has read that the page cache had not, if that is told."""
    try:
        lines = Path("/proc/self/io").read_text().splitlines()
    except OSError:
        return {}
    told = dict(line.split(": ") for line in lines)
    return {"disk": float(told["read_bytes"])}


def of_photos(kind: str, folder: Path) -> dict[str, Any]:
    """Read photos as training does, or by Pillow alone."""
    from PIL import Image

    from chainrule.data import read_image_folder

    begin = perf_counter()
    if kind == "folder":
        read_image_folder(folder / "photos", size=SIZE)
    else:
        for path in sorted((folder / "photos").rglob("*.jpg")):
            with Image.open(path) as image:
                image.draft("RGB", (2 * SIZE, 2 * SIZE))
                np.asarray(image.resize((SIZE, SIZE), Image.Resampling.LANCZOS))
    return {"seconds": perf_counter() - begin}


def main() -> None:
    """Measure one thing, and print it."""
    kind, folder, count = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    if kind in ("streamed", "in memory"):
        found = of_rows(kind, folder, count, float(sys.argv[4]))
    else:
        found = of_photos(kind, folder)
    print(json.dumps({**found, "peak": most_held()}))


if __name__ == "__main__":
    main()
