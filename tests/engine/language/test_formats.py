"""Numbers stored in one type and computed in another."""

import numpy as np
import pytest

from chainrule import functions as f
from chainrule.engine.kernels import epilogues, pointwise, product, rows
from chainrule.engine.kernels.library import Library
from chainrule.engine.language.emit import KernelBuilder
from chainrule.engine.language.formats import Format
from chainrule.engine.machine.memory import Panels, aligned
from engine.calls import call

HALF = Format("float16", "float32")
BRAIN = Format("bfloat16", "float32")
NARROW = Format("float32", "float64")
FORMATS = [HALF, BRAIN, NARROW]


def to_storage(values, form):
    """Return numbers as they are stored, rounded by NumPy alone."""
    if form.storage != "bfloat16":
        return values.astype(form.dtype)
    bits = values.astype(np.float32).view(np.uint32)
    rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
    return np.where(np.isnan(values), (bits >> 16) | 0x40, rounded).astype(np.uint16)


def to_float(stored, form):
    """Return stored numbers in float64."""
    if form.storage == "bfloat16":
        stored = (stored.astype(np.uint32) << 16).view(np.float32)
    return stored.astype(np.float64)


def filled(values, form):
    array = aligned((len(values),), form.dtype)
    array[...] = to_storage(values, form)
    return array


@pytest.mark.parametrize("form", FORMATS, ids=str)
def test_loads_widen_and_stores_round_to_nearest(form):
    rng = np.random.default_rng(0)
    special = [0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, 65504.0, 1e-7]
    x = filled(np.array([*special, *rng.normal(size=form.lanes * 3 - len(special))]), form)
    y = aligned(x.shape, form.dtype)
    kernels = Library(form)
    call(kernels.get(pointwise.value, f.Identity()), count=3, x=x, y=y)
    assert x.tobytes() == y.tobytes()  # what has been stored comes back, NaN too
    with np.errstate(over="ignore"):
        exact = np.tanh(to_float(x, form))
        call(kernels.get(pointwise.value, f.Tanh()), count=3, x=x, y=y)
        spacing = {"float16": 2.0**-11, "bfloat16": 2.0**-8, "float32": 2.0**-24}[form.storage]
    # Half a unit of the storage: nothing was rounded to it on the way.
    error = np.abs(to_float(y, form) - exact)
    assert (error <= spacing * 1.01 * np.abs(exact))[np.isfinite(exact)].all()
    assert np.isnan(to_float(y, form)[4])


@pytest.mark.parametrize("form", FORMATS, ids=str)
def test_a_store_is_what_numpy_rounds_to(form):
    values = np.random.default_rng(1).normal(size=4 * form.lanes)
    values[:2] = 1 + 2.0**-9, 1 + 3 * 2.0**-9  # halfway in bfloat16: to even
    wide = values.astype(form.compute_dtype)
    x = filled(values, form)
    # x·x is exact in the compute type, and rounded once, as it is stored.
    y = aligned(x.shape, form.dtype)
    call(Library(form).get(pointwise.value, Square()), count=4, x=x, y=y)
    exact = to_float(x, form).astype(wide.dtype) ** 2
    assert np.array_equal(y, to_storage(exact, form))


class Square(f.Elementwise):
    """y = x²."""

    def value(self, x):
        return x * x

    def derivative(self, x, y):
        return 2 * x


@pytest.mark.parametrize("form", FORMATS, ids=str)
def test_a_product_is_summed_in_the_compute_type(form):
    m, k, n = 7, 300, 70
    rng = np.random.default_rng(2)
    A, X = rng.random((m, k)), rng.random((k, n))
    left = aligned((m, k), form.dtype)
    left[...] = to_storage(A, form)
    right, out = Panels.zeros(k, n, form.dtype), Panels.zeros(m, n, form.dtype)
    right.write(to_storage(X, form))
    kernels = Library(form)
    store = kernels.get(epilogues.store)
    call(
        kernels.get(product.product),
        rows=m,
        vectors=right.count,
        depth=k,
        a=left,
        row_offsets=np.arange(m) * left.strides[0],
        taps=np.stack([np.arange(k) * left.strides[1], right.rows_at], axis=-1).copy(),
        x=right.address,
        x_stride=right.stride,
        epilogue=store.address,
        arguments=store.pack(gradient=out.address, row_stride=64, vector_stride=out.stride),
    )
    exact = to_float(left, form) @ to_float(right.read(), form)
    unit = {"float16": 2.0**-11, "bfloat16": 2.0**-8, "float32": 2.0**-24}[form.storage]
    sums = k * np.finfo(form.compute_dtype).eps
    assert np.abs(to_float(out.read(), form) / exact - 1).max() <= unit + sums


@pytest.mark.parametrize("form", FORMATS, ids=str)
def test_rows_that_fill_no_vector(form):
    features = form.lanes + 3
    X = to_storage(np.random.default_rng(3).normal(size=(5, features)), form)
    panels = Panels.zeros(5, features, form.dtype)
    panels.data[...] = to_storage(np.full(panels.data.shape, 9.0), form)
    samples = X.ctypes.data + np.arange(5) * X.strides[0]
    call(
        Library(form).get(rows.into_panels),
        rows=5,
        features=features,
        vectors=panels.count,
        samples=samples,
        panels=panels.address,
        vector_stride=panels.stride,
    )
    assert np.array_equal(panels.read(), X)
    assert not panels.data[-1, :5, 3:].any()


def test_two_bytes_are_never_taken_for_double():
    assert str(Format.of(np.float32)) == "float32"
    assert Format.of(HALF) is HALF
    assert str(BRAIN) == "float32_on_bfloat16"
    for dtype, message in ((np.int16, "got int16"), (np.float16, "float64, float32, got float16")):
        with pytest.raises(TypeError, match=message):
            KernelBuilder("kernel", dtype, ())
    with pytest.raises(TypeError, match="expected compute as wide as float64, got float32"):
        Format("float64", "float32")
