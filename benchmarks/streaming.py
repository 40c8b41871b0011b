"""Rows on a disk beside the same rows in memory, and a folder of large photos.

A Parquet set of float32 numbers is written, a group at a time. Processes of their own then train
the same network on it: one streams all rows, one has those in memory that fit there. What counts is
rows a second, of the faster of two epochs, and the most memory that a process has held, libraries
included.

python -m benchmarks.streaming KIND FOLDER ROWS is such a process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.memory import most_held
from benchmarks.tables import figure, head, row

COLUMNS, GROUP = 100, 65_536
HIDDEN, BATCH, EPOCHS = (512, 256), 256, 2
PHOTOS, SIDES = 40, (3000, 4000)
SIZE = 64


def measure(folder: Path | None, gigabytes: float, most_in_memory: float) -> dict[str, Any]:
    """Print tables of rows and of photos; return the figures."""
    with tempfile.TemporaryDirectory(dir=folder) as own:
        return {"rows": rows(Path(own), gigabytes, most_in_memory), "photos": photos(Path(own))}


def rows(folder: Path, gigabytes: float, most_in_memory: float) -> dict[str, Any]:
    """Train on a Parquet set of so many gigabytes, streamed, and on a part of it in memory."""
    count = round(gigabytes * 1e9 / (4 * COLUMNS) / GROUP) * GROUP
    few = min(count, round(most_in_memory * 1e9 / (4 * COLUMNS) / GROUP) * GROUP)
    write(folder / "rows.parquet", count)
    size = os.path.getsize(folder / "rows.parquet")
    layers = "-".join(map(str, (COLUMNS, *HIDDEN, 1)))
    print(f"\n{layers}, Adam, batches of {BATCH}, rows of a Parquet set of {size / 1e9:.3g} GB;")
    print(f"the faster of {EPOCHS} epochs.\n")
    found = {
        "streamed": in_process("streamed", folder, count),
        "in memory": in_process("memory", folder, few),
    }
    head("rows", "count", "rows a second", "of memory's", "peak, MB", "waited for the disk, s")
    for name, one in found.items():
        share = one["speed"] / found["in memory"]["speed"]
        waited = figure(one["waited"]) if "waited" in one else ""
        cells = figure(one["speed"]), f"{share:.0%}", figure(one["peak"] / 1e6), waited
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


def in_process(kind: str, folder: Path, count: int) -> dict[str, Any]:
    """Return what a process of its own measures."""
    command = [sys.executable, "-m", "benchmarks.streaming", kind, str(folder), str(count)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def trained(X: Any, y: Any = None) -> tuple[float, dict[str, Any]]:
    """Return the seconds of the faster epoch of a training, and what it waited for."""
    from chainrule import MLPClassifier
    from chainrule.training.windows import WindowedSamples

    windows: list[WindowedSamples] = []
    close = WindowedSamples.close
    WindowedSamples.close = lambda own: (windows.append(own), close(own))[1]  # type: ignore[method-assign]
    model = MLPClassifier(HIDDEN, batch_size=BATCH, max_iter=EPOCHS, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, y)
    seconds = min(epoch.seconds for epoch in model.history_.epochs)
    return seconds, {"waited": windows[0].waited} if windows else {}


def of_rows(kind: str, folder: Path, count: int) -> dict[str, Any]:
    """Train on rows, streamed or in memory."""
    if kind == "streamed":
        from chainrule import DataStream

        seconds, more = trained(DataStream(folder / "rows.parquet", "y"))
    else:
        import pyarrow.parquet as pq

        X, y, at = np.empty((count, COLUMNS), np.float32), np.empty(count, np.int64), 0
        for batch in pq.ParquetFile(folder / "rows.parquet").iter_batches(GROUP):
            stop = min(at + len(batch), count)
            for place in range(COLUMNS):
                X[at:stop, place] = batch.column(place).to_numpy()[: stop - at]
            y[at:stop] = batch.column(COLUMNS).to_numpy()[: stop - at]
            if (at := stop) == count:
                break
        seconds, more = trained(X, y)
    return {"rows": count, "speed": count / seconds, **more}


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
    if kind in ("streamed", "memory"):
        found = of_rows(kind, folder, count)
    else:
        found = of_photos(kind, folder)
    print(json.dumps({**found, "peak": most_held()}))


if __name__ == "__main__":
    main()
