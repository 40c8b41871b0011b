"""The table of kinds: every function has a row, and what it needs is compiled ahead."""

import numpy as np
import pytest
from scipy import sparse

from chainrule import functions as f, losses
from chainrule.chain import Chain
from chainrule.engine.kernels.library import Library
from chainrule.engine.machine.compiling import host
from chainrule.engine.planning.forms import ROUNDED, form_of
from chainrule.engine.planning.kinds.base import Head
from chainrule.engine.planning.kinds.table import KINDS, WARMED, kind_of
from chainrule.engine.running import warmup
from chainrule.engine.running.steps import Steps
from chainrule.functions import FUNCTIONS
from chainrule.training import SGD, Adam

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(20, 7))
IMAGES = RNG.normal(size=(20, 2, 8, 8))
TOKENS = sparse.random(20, 30, 0.2, "csr", random_state=0)
DEEP = (f.Conv2d(16, size=3, padding=1), f.ReLU(), f.Conv2d(16, size=3, padding=1), f.Tanh())
NETWORKS = {
    "rows": ((f.Dropout(0.1), f.Linear(9), f.GELU(), f.Linear(8, bias=False), f.Softmax()), ROWS),
    "blocks": (
        (f.Linear(9), f.LayerNorm(), f.ReLU(), f.Residual((f.Linear(9), f.Tanh())), f.LayerNorm()),
        ROWS,
    ),
    "images": ((f.Conv2d(3, size=3), f.ReLU(), f.MaxPool2d(2), f.Flatten()), IMAGES),
    "overlapping": ((f.MaxPool2d(3, stride=1), f.SiLU(), f.AvgPool2d(3, stride=2)), IMAGES),
    "many channels": ((*DEEP, f.Dropout(0.2), f.AvgPool2d(2), f.Flatten()), IMAGES),
    "tokens": ((f.EmbeddingBag(5), f.Sigmoid()), TOKENS),
    "sparse rows": ((f.Linear(5), f.LogSoftmax()), TOKENS),
}


def test_every_function_has_a_row():
    without = [each for each in FUNCTIONS if not any(issubclass(each, kind) for kind in KINDS)]
    assert without == [f.BatchNorm]
    assert kind_of(f.Linear(3))[0] is f.Linear
    assert set(KINDS.values()) <= set(WARMED)


def test_variants_are_compiled_ahead_too():
    heads = [kind for kind in KINDS.values() if issubclass(kind, Head)]
    assert {variant for kind in heads for variant in kind.variants} <= set(WARMED)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_training_compiles_nothing_that_warmup_does_not(name):
    functions, X = NETWORKS[name]
    optimizers = [Adam(), SGD(0.1)]
    calls = [call for call in warmup.compilations(optimizers) if hasattr(call, "func")]
    ahead = {
        (call.args[0], call.args[1:], tuple(sorted(call.keywords.items())))
        for call in calls
        if call.func.__name__ == "get"
    }
    flat = () if isinstance(functions[-1], f.Flatten) or X.ndim == 2 else (f.Flatten(),)
    chain = Chain(*functions, *flat, f.Linear(3), f.Softmax())
    chain.initialize(X.shape[1:] if sparse.issparse(X) else X, dtype=np.float64)
    for optimizer in optimizers:
        kernels = Library(np.float64)
        t = np.arange(20) % 3
        for clip in (None, 1.0):
            given = chain, losses.CrossEntropy(), optimizer, X, t
            steps = Steps(*given, l2=0.1, clip=clip, kernels=kernels)
            steps.prepare(10)
            steps.outputs(X)
            steps.outputs(X[:1])
        used = {key for key in kernels._known if "losses" not in key[0].__module__}
        assert used <= ahead


@pytest.mark.parametrize("precision", ROUNDED)
@pytest.mark.parametrize("threads", [1, 2])
def test_so_do_trainings_in_bfloat16(precision, threads):
    form, kernels = form_of(precision, host()), Library(np.float32)
    rng = np.random.default_rng(0)
    X, t = rng.normal(size=(64, 20)).astype(np.float32), np.arange(64) % 3
    chain = Chain(f.Linear(40), f.ReLU(), f.Linear(20), f.ReLU(), f.Linear(3), f.Softmax())
    chain.initialize(X)
    given = chain, losses.CrossEntropy(), SGD(0.1), X, t
    steps = Steps(*given, form=form, kernels=kernels, threads=threads)
    steps.prepare(32)
    ahead = {(emit, tuple(sorted(options.items()))) for emit, options in form.kernels()}
    own = {emit for emit, _ in ahead}
    used = {(emit, options) for emit, _, options in kernels._known if emit in own}
    assert used
    assert used <= ahead
