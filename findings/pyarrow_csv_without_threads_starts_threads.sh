#!/usr/bin/env bash
# pyarrow 26.0.1: reading a CSV file with use_threads=False starts threads all the same.
#
# ReadOptions(use_threads=False) is said to read without multiple threads. Of a file in memory:
#     csv.read_csv     one thread more than before, which stays when the table is there
#     csv.open_csv     two more, for the first batch
# They read ahead (the pool of input and output), and take what is given as a file, so that a Python file
# is read on a thread that Python has not started. A process that forks after a small read "without
# threads" forks with threads running.
#
# Expected: no thread beside those that were there, or a word in the documentation of use_threads that
# only parsing and conversion are meant.
#
# Exits 0 where this is so, 1 where it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q pyarrow==26.0.1 2>"$folder/pip.txt" || { cat "$folder/pip.txt"; exit 1; }
"$folder/venv/bin/python" - <<'PY'
import os
import threading

import pyarrow as pa
from pyarrow import csv


def threads():
    return len(os.listdir("/proc/self/task"))


class Text:
    """A file in memory that notes which threads read it."""

    closed = False

    def __init__(self):
        self.left, self.readers = [b"a,b\n" + b"1,2\n" * 50_000] * 1, set()

    def read(self, size=-1):
        self.readers.add(threading.get_native_id())
        whole = self.left.pop() if self.left else b""
        if size is not None and 0 <= size < len(whole):
            self.left.append(whole[size:])
            whole = whole[:size]
        return whole

    def readable(self):
        return True

    def close(self):
        pass


alone = csv.ReadOptions(use_threads=False, block_size=1 << 16)
before = threads()
text = Text()
rows = csv.read_csv(pa.PythonFile(text, mode="r"), read_options=alone).num_rows
after = threads()
text = Text()
csv.open_csv(pa.PythonFile(text, mode="r"), read_options=alone).read_next_batch()
streaming = threads()
elsewhere = text.readers - {threading.get_native_id()}
print(f"{rows} rows; threads: {before} before, {after} after read_csv, {streaming} after open_csv")
print(f"the file was read on {len(elsewhere)} other thread(s)")
raise SystemExit(0 if before < after < streaming and elsewhere else 1)
PY
