"""Streams: the rows and blocks of files and arrays, and what is refused."""

import importlib
import os
import sys
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from chainrule import DataStream
from chainrule.data import DataError, write_idx
from chainrule.data.streams import parts as parts_module


def rows_of(stream):
    return np.concatenate([np.asarray(part.part.numbers(part.features)) for part in stream.parts()])


def answers_of(stream):
    return np.concatenate(
        [np.asarray(y.cells if hasattr(y, "cells") else y) for y in stream.answers()]
    )


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    columns = {f"x{place}": rng.normal(size=50).astype(np.float32) for place in range(3)}
    return pa.table({**columns, "y": np.arange(50)})


def written(table, path, rows=16, **options):
    if path.suffix in (".parquet", ".pq"):
        pq.write_table(table, path, row_group_size=rows, **options)
    else:
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table, max_chunksize=rows)
    return path


@pytest.mark.parametrize("name", ["t.parquet", "t.pq", "t.arrow", "t.feather", "t.ipc"])
def test_row_groups_and_batches_are_the_blocks(table, tmp_path, name):
    stream = DataStream(written(table, tmp_path / name), "y")
    assert (stream.sizes, len(stream), stream.names) == ((16, 16, 16, 2), 50, ("x0", "x1", "x2"))
    X = np.column_stack([table[f"x{place}"] for place in range(3)])
    assert rows_of(stream).dtype == np.float32
    np.testing.assert_array_equal(rows_of(stream), X)
    np.testing.assert_array_equal(answers_of(stream), np.arange(50))
    np.testing.assert_array_equal(stream.all_answers().cells, np.arange(50))
    (block,) = stream.read(3)
    np.testing.assert_array_equal(block.part.numbers(("x2", "x0")), X[48:][:, [2, 0]])
    assert block.raw.place(1) == "row 49"
    assert stream.place(2, 5) == f"row 37 of {name}"
    assert repr(stream) == f"DataStream({name}: 50 rows in 4 blocks, answers 'y')"


def test_an_index_that_pandas_wrote_is_no_column(table, tmp_path):
    frame = table.slice(0, 30).to_pandas()
    frame[frame.y % 3 > 0].to_parquet(tmp_path / "a.parquet")
    assert "__index_level_0__" in pq.read_schema(tmp_path / "a.parquet").names
    written(table.slice(30), tmp_path / "b.parquet")  # without an index
    stream = DataStream(tmp_path, "y")
    assert stream.names == ("x0", "x1", "x2")
    kept = [y for y in range(50) if y % 3 or y >= 30]
    np.testing.assert_array_equal(answers_of(stream), kept)


def test_a_folder_is_its_files_in_the_order_of_their_paths(table, tmp_path):
    (tmp_path / "b").mkdir()
    written(table.slice(30), tmp_path / "b" / "part-0.parquet")
    reordered = table.slice(0, 30).select(["y", "x2", "x0", "x1"])
    written(reordered, tmp_path / "a.parquet")
    for none in ("_SUCCESS", ".hidden.parquet"):
        (tmp_path / none).write_text("")
    stream = DataStream(tmp_path, "y")
    assert stream.sizes == (16, 14, 16, 4)
    np.testing.assert_array_equal(answers_of(stream), np.arange(50))
    assert stream.names == ("x2", "x0", "x1")  # the first file's order
    expected = np.column_stack([table[name] for name in stream.names])
    np.testing.assert_array_equal(rows_of(stream), expected)
    assert stream.place(2, 3) == "row 3 of part-0.parquet"
    listed = DataStream([tmp_path / "b" / "part-0.parquet", str(tmp_path / "a.parquet")], "y")
    assert answers_of(listed)[0] == 30


def test_blocks_are_read_in_pieces(table, tmp_path, monkeypatch):
    path = written(table, tmp_path / "t.parquet", rows=50)
    whole = DataStream(path, "y")
    for name, value in (("MOST_ROWS", 7), ("LEAST_ROWS", 7)):
        monkeypatch.setattr(parts_module, name, value)
    pieces = list(DataStream(path, "y").read(0))
    assert [len(piece) for piece in pieces] == [7] * 7 + [1]
    assert [piece.raw.place(0) for piece in pieces] == [f"row {7 * n}" for n in range(8)]
    np.testing.assert_array_equal(rows_of(DataStream(path, "y")), rows_of(whole))


def test_some_rows_and_the_first_ones(table, tmp_path):
    stream = DataStream(written(table, tmp_path / "t.parquet"), "y")
    chosen = np.array([0, 15, 16, 33, 49])
    part = stream.at(chosen)
    np.testing.assert_array_equal(part.y.cells, chosen)
    np.testing.assert_array_equal(part.raw.column("x1"), table["x1"].to_numpy()[chosen])
    assert part.raw.place(3) == "row 33"
    np.testing.assert_array_equal(stream.head(20).y.cells, np.arange(20))
    assert len(stream.head(1000)) == 50
    np.testing.assert_array_equal(stream.whole().raw.column("x0"), table["x0"])


def test_numbers_of_any_type_come_as_a_table_has_them(tmp_path):
    table = pa.table(
        {
            "flag": pa.array([True, False, True]),
            "whole": pa.array([1, None, 3], pa.int64()),
            "price": pa.array([Decimal(1), Decimal(2), None], pa.decimal128(12, 2)),
            "small": pa.array([1, 2, 3], pa.int8()),
        }
    )
    stream = DataStream(written(table, tmp_path / "t.parquet"))
    expected = [[1, 1, 1, 1], [0, np.nan, 2, 2], [1, 3, np.nan, 3]]
    found = rows_of(stream)
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, expected)
    narrow = [part.part.numbers(("flag", "small")) for part in stream.parts()]
    assert narrow[0].dtype == np.float32


def test_words_are_no_numbers(tmp_path):
    stream = DataStream(written(pa.table({"city": ["Rome", "Bonn"]}), tmp_path / "t.parquet"))
    with pytest.raises(DataError, match=r"column 'city': expected numbers, got string; Table"):
        rows_of(stream)


@pytest.mark.parametrize("mode", ["r", "r+", "c"])
def test_arrays_mapped_into_memory(tmp_path, mode):
    X = np.arange(60, dtype=np.float32).reshape(20, 3)
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "y.npy", np.arange(20))
    mapped = np.load(tmp_path / "X.npy", mmap_mode=mode)
    if mode == "c":
        mapped[7] = -1  # in memory alone, where it stays
        X[7] = -1
    for data, y in ((mapped, np.arange(20)), (tmp_path / "X.npy", tmp_path / "y.npy")):
        stream = DataStream(data, y, block_rows=8)
        assert (stream.sizes, stream.names) == ((8, 8, 4), None)
        for _ in range(2):
            expected = np.load(tmp_path / "X.npy") if isinstance(data, type(tmp_path)) else X
            np.testing.assert_array_equal(rows_of(stream), expected)
            np.testing.assert_array_equal(answers_of(stream), np.arange(20))
        np.testing.assert_array_equal(stream.at(np.array([3, 8, 19])).y, [3, 8, 19])


def test_a_block_of_an_array_has_as_many_rows_as_1_mib_holds():
    X = np.zeros((5000, 100), np.float32)
    assert DataStream(X).sizes == (2621, 2379)
    assert DataStream(np.zeros((3, 300_000), np.float32)).sizes == (1, 1, 1)


def test_whatever_is_sliced_like_an_array():
    class Dataset:
        """As h5py has it: a shape, a dtype and slices."""

        shape, dtype = (10, 2), np.dtype(np.int32)

        def __len__(self):
            return 10

        def __getitem__(self, rows):
            return np.arange(20, dtype=np.int32).reshape(10, 2)[rows]

    stream = DataStream(Dataset(), np.arange(10), block_rows=4)
    np.testing.assert_array_equal(rows_of(stream), np.arange(20).reshape(10, 2))


def test_idx_files_and_a_folder_of_them(tmp_path):
    images = np.arange(6 * 4 * 5, dtype=np.uint8).reshape(6, 4, 5)
    labels = np.array([3, 1, 4, 1, 5, 9], np.uint8)
    write_idx(tmp_path / "train-images-idx3-ubyte", images)
    write_idx(tmp_path / "train-labels-idx1-ubyte", labels)
    for stream in (
        DataStream(tmp_path, block_rows=4),
        DataStream(
            tmp_path / "train-images-idx3-ubyte",
            tmp_path / "train-labels-idx1-ubyte",
            block_rows=4,
        ),
    ):
        assert stream.sizes == (4, 2)
        np.testing.assert_array_equal(rows_of(stream), images)
        np.testing.assert_array_equal(answers_of(stream), labels)
    write_idx(tmp_path / "big-idx2", np.array([[1.5, 2.5]], np.float32))  # big-endian there
    assert rows_of(DataStream(tmp_path / "big-idx2")).dtype == np.dtype("=f4")


def test_idx_files_that_are_cut_off_or_compressed_are_refused(tmp_path):
    write_idx(tmp_path / "a-idx2.gz", np.zeros((2, 2), np.uint8))
    with pytest.raises(DataError, match=r"not compressed, to be read in parts, got a gzipped"):
        DataStream(tmp_path / "a-idx2.gz")
    write_idx(tmp_path / "a-idx2", np.zeros((20, 2), np.uint8))
    whole = (tmp_path / "a-idx2").read_bytes()
    (tmp_path / "a-idx2").write_bytes(whole[:-1])
    with pytest.raises(DataError, match=r"expected 40 bytes of content .*, got 39"):
        DataStream(tmp_path / "a-idx2")


def test_several_arrays_are_one_stream(tmp_path):
    for name, start in (("a", 0), ("b", 10)):
        np.save(tmp_path / f"{name}.npy", np.arange(start, start + 10.0)[:, None])
    stream = DataStream(tmp_path, np.arange(20), block_rows=6)
    assert stream.sizes == (6, 4, 6, 4)
    np.testing.assert_array_equal(rows_of(stream)[:, 0], np.arange(20))
    assert stream.place(3, 1) == "row 7 of b.npy"
    np.save(tmp_path / "c.npy", np.zeros((3, 2)))
    with pytest.raises(DataError, match=r"c.npy: expected float64 \(n, 1\), as a.npy has, got"):
        DataStream(tmp_path)


@pytest.mark.parametrize(
    ("data", "y", "options", "message"),
    [
        (3, None, {}, "expected a Parquet file .* got int"),
        ([1, 2], None, {}, "got list"),
        (np.zeros(3), None, {}, r"X: expected numbers \(n, …\), of two axes or more, got float64"),
        (np.zeros((3, 1), object), None, {}, "of two axes or more, got object"),
        (np.zeros((3, 1)), np.zeros(4), {}, "expected 3 answers, got 4"),
        (np.zeros((3, 1)), "y", {}, "y='y': expected a .npy or IDX file, or the name"),
        (np.zeros((0, 1)), None, {}, "X: expected rows, got none"),
        (np.zeros((3, 1)), None, {"window_rows": 0}, "expected window_rows >= 1 or None, got 0"),
        (np.zeros((3, 1)), None, {"block_rows": 2.5}, "expected block_rows >= 1 or None, got 2.5"),
        ("nowhere.parquet", None, {}, "no file or folder is named 'nowhere.parquet'"),
    ],
)
def test_what_is_no_stream_is_refused(data, y, options, message):
    with pytest.raises(DataError, match=message):
        DataStream(data, y, **options)


def test_files_that_do_not_go_together_are_refused(table, tmp_path):
    path = written(table, tmp_path / "a.parquet")
    with pytest.raises(DataError, match="no column 'z' among 'x0', 'x1', 'x2', 'y'"):
        DataStream(path, "z")
    with pytest.raises(DataError, match="expected block_rows with an array"):
        DataStream(path, block_rows=5)
    written(table.drop_columns("x1"), tmp_path / "b.parquet")
    with pytest.raises(DataError, match=r"b.parquet: expected the columns of a.parquet, .* 'x1'"):
        DataStream(tmp_path)
    (tmp_path / "b.parquet").write_text("no Parquet")
    with pytest.raises(DataError, match=r"b.parquet: expected a Parquet file: "):
        DataStream(tmp_path)
    (tmp_path / "b.parquet").rename(tmp_path / "b.arrow")
    with pytest.raises(DataError, match=r"expected files of one kind: .*, got 'a.parquet', 'b.arr"):
        DataStream(tmp_path)
    with pytest.raises(DataError, match=r"b.arrow: expected an Arrow IPC file: "):
        DataStream(tmp_path / "b.arrow")
    (tmp_path / "c.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match=r"expected a Parquet file .* got 'c.csv'"):
        DataStream(tmp_path / "c.csv")


def test_without_pyarrow_it_says_what_to_install(table, tmp_path, monkeypatch):
    path = written(table, tmp_path / "a.parquet")
    for name in [name for name in sys.modules if name.split(".")[0] == "pyarrow"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    importlib.import_module("chainrule.data.streams.arrow")._read_metadata.cache_clear()
    with pytest.raises(DataError, match=r"expected pyarrow.parquet .* pip install 'chainrule\[tab"):
        DataStream(path)
    assert len(DataStream(np.zeros((3, 2)))) == 3  # needs none


@pytest.mark.parametrize("name", ["t.parquet", "t.arrow"])
def test_a_block_that_is_damaged_is_named(table, tmp_path, name):
    path = written(table, tmp_path / name, rows=25)
    stream = DataStream(path, "y")
    whole, before = path.read_bytes(), path.stat()
    path.write_bytes(whole[:8] + bytes(len(whole) - 8))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(DataError, match=f"{name}: cannot be read: "):
        rows_of(stream)


@pytest.mark.parametrize("name", ["t.parquet", "t.arrow"])
def test_a_file_that_changes_is_not_read_on(table, tmp_path, name):
    path = written(table, tmp_path / name, rows=25)
    stream = DataStream(path, "y")
    rows_of(stream)
    written(pa.concat_tables([table, table]), path, rows=25)  # of which the old rows are the first
    with pytest.raises(DataError, match=f"{name}: expected the file .* got one that has changed"):
        rows_of(stream)
    os.remove(path)
    with pytest.raises(DataError, match=f"{name}: cannot be read: "):
        rows_of(stream)
    written(table, path, rows=25)
    stream = DataStream(path, "y")
    parts = stream.read(0)
    next(parts)
    written(table, path, rows=5)
    with pytest.raises(DataError, match=f"{name}: expected the file .* got one that has changed"):
        list(parts)


DAY = 86_400_000


@pytest.mark.parametrize("ending", ["parquet", "arrow"])
@pytest.mark.parametrize(
    ("first", "second", "cells"),
    [
        (pa.array([1, 2]), pa.array([0.5, None]), [1.0, 2.0, 0.5, None]),
        (pa.array([1, 2], pa.int32()), pa.array([2**40, 4]), [1, 2, 2**40, 4]),
        (pa.array([0.5, 1], pa.float32()), pa.array([0.1, 2]), [0.5, 1.0, 0.1, 2.0]),
        (pa.array(["a", "b"]), pa.array(["c", "a"]).dictionary_encode(), ["a", "b", "c", "a"]),
        (
            pa.array(["a", None]).cast(pa.dictionary(pa.int8(), pa.string())),
            pa.array(["c", "a"]).cast(pa.dictionary(pa.int16(), pa.string())),
            ["a", None, "c", "a"],
        ),
        (pa.nulls(2), pa.array(["c", "a"]), [None, None, "c", "a"]),
        (pa.nulls(2), pa.array(["c", "a"]).dictionary_encode(), [None, None, "c", "a"]),
        (
            pa.array([DAY, 0], pa.timestamp("ms")),
            pa.array([1, 2], pa.timestamp("us")),
            np.array([DAY * 1000, 0, 1, 2], "datetime64[us]").tolist(),
        ),
    ],
)
def test_columns_of_several_types_get_the_one_that_holds_both(
    tmp_path, ending, first, second, cells
):
    for number, column in enumerate((first, second)):
        written(pa.table({"a": column, "y": [1, 2]}), tmp_path / f"{number}.{ending}")
    stream = DataStream(tmp_path, "y")
    assert stream.whole().part.batch.column("a").to_pylist() == cells


def test_columns_of_types_that_do_not_go_together_are_refused(tmp_path):
    for number, column in enumerate(([1, 2], [0.5, 2], ["one", "two"])):
        written(pa.table({"a": column}), tmp_path / f"{number}.parquet")
    message = r"2.parquet: column 'a': expected double, as in 0.parquet .*, got string"
    with pytest.raises(DataError, match=message):
        DataStream(tmp_path)


def test_a_column_is_named_once_and_only_where_columns_have_names(table, tmp_path):
    path = written(table, tmp_path / "a.parquet")
    with pytest.raises(DataError, match=r"expected different columns as y, got \['y', 'y'\]"):
        DataStream(path, ["y", "y"])
    with pytest.raises(DataError, match=r"the name of a column, 'w', got .* have no names"):
        DataStream(np.zeros((3, 1))).without("w")
