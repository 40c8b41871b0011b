"""The raw inputs beside the files: how they are read by their names in expected.json, and made."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pandas
from PIL import Image
from scipy import sparse

from chainrule.data import write_idx

HERE = Path(__file__).parent
RNG = np.random.default_rng(0)


def file(name: str) -> Path:
    """Return where a file that a release has written is."""
    return HERE / "saved" / f"{name}.safetensors"


def raw(data: str) -> Any:
    """Return a path for ``houses.csv``, an array for ``rows``, and so on for ``rows as frame``."""
    name, _, kind = data.partition(" as ")
    if (HERE / name).exists():
        return HERE / name
    with np.load(HERE / "arrays.npz") as arrays:
        X = arrays[name]
    if kind == "frame":
        return pandas.DataFrame(X, columns=[f"column {i}" for i in range(X.shape[1])])
    return sparse.csr_array(X) if kind == "sparse" else X


HEADER = "rooms,area,kind,garden,heated,built,town,address,country,offers,grade,stars,sold,price"


def house(chance, row):
    rooms, area = chance.randint(1, 6), chance.uniform(20, 200)
    kind = chance.choice(["barn", "flat", "villa"])
    price = 3 * area + 20 * rooms + 50 * (kind == "villa")
    return {
        "rooms": "" if row % 9 == 4 else str(rooms),
        "area": f"{area:.1f}",
        "kind": "" if row % 31 == 7 else kind,
        "garden": chance.choice(["true", "false"]),
        "heated": ["yes", "no", "NA"][row % 3] if row % 5 else "no",
        "built": str(chance.randint(1900, 2020)),
        "town": f"t{chance.randrange(130):x}",
        "address": f"{row} High Street",
        "country": "NL",
        "offers": str(chance.randint(0, 4) + rooms),
        "grade": "abc"[min(int(area // 70), 2)],
        "stars": str([1, 2, 10][rooms // 3]),
        "sold": "yes" if price > 400 else "no",
        "price": f"{price:.2f}",
    }


def write_tables():
    """280 houses to learn from; a dozen to predict, with whatever may be unusual in them."""
    chance, names = random.Random(5), HEADER.split(",")
    rows = [house(chance, row) for row in range(280)]
    lines = [HEADER, *(",".join(row[name] for name in names) for row in rows)]
    (HERE / "houses.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    new = [house(chance, row) for row in range(12)]
    new[1] |= {"built": "", "kind": "castle", "garden": "?", "heated": "", "town": "", "area": ""}
    new[2] |= {"kind": " barn ", "area": "1e2", "town": "elsewhere", "heated": "maybe"}
    names = ["colour", *reversed(names)]
    lines = [",".join(names), *(",".join(row.get(n, "red") for n in names) for row in new)]
    (HERE / "new houses.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    tiny = "size,colour,kind,side,price\n1,red,a,x,10\n2.5,blue,b,y,20\n,red,c,x,45\n"
    tiny += "4,,a,y,17\n7,green,b,x,23\n-3,blue,c,y,11\n"
    (HERE / "tiny.csv").write_text(tiny, encoding="utf-8")


def write_images():
    for name, channels, size in (("grey", 1, (9, 7)), ("coloured", 3, (8, 8))):
        for row in range(12):
            shape = size if channels == 1 else (*size, 3)
            pixels = RNG.integers(120 * (row % 2), 120 + 120 * (row % 2), shape, dtype=np.uint8)
            path = HERE / name / ("day" if row % 2 else "night") / f"{row:02}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(path)
    (HERE / "idx").mkdir()
    for name, count in (("train", 24), ("t10k", 9)):
        t = np.arange(count, dtype=np.uint8) % 3
        X = RNG.integers(0, 60, (count, 7, 6), dtype=np.uint8) + 80 * t[:, None, None]
        write_idx(HERE / "idx" / f"{name}-images-idx3-ubyte", X.astype(np.uint8))
        write_idx(HERE / "idx" / f"{name}-labels-idx1-ubyte", t)


def write_arrays():
    counts = (RNG.random((12, 9)) < 0.3) * RNG.integers(1, 4, (12, 9))
    counts[:, 0] = 1
    colour = RNG.normal(size=(12, 3, 6, 5))
    np.savez_compressed(
        HERE / "arrays.npz",
        rows=RNG.normal(size=(12, 4)),
        singles=RNG.normal(size=(12, 4)).astype(np.float32),
        counts=counts.astype(np.float64),
        channels_first=colour,
        channels_last=colour.transpose(0, 2, 3, 1),
        nhw=colour[:, 0],
        flat=colour.reshape(12, -1),
        two_channels=RNG.integers(0, 256, (7, 2, 5, 4), dtype=np.uint8),
    )
