"""Those whom the benchmarks compare take the same steps."""

from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.skipif(not (ROOT / "benchmarks").exists(), reason="a folder of the repository alone")
@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
def test_all_end_an_epoch_with_the_same_weights(optimizer, monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(ROOT)
    from benchmarks.cases import Start, multilayer
    from benchmarks.trainers import Chainrule, Reference, ScikitLearn

    case = multilayer(12, 7, 5, 3, batch=8, optimizer=optimizer, samples=64)
    case.start().save(tmp_path)
    start = Start.load(tmp_path)
    for trainer in [kind(case, start, 1) for kind in (Chainrule, Reference, ScikitLearn)]:
        trainer.epoch()
        weights = np.concatenate([array.ravel() for array in trainer.weights()])
        if trainer.name == "chainrule":
            ours = weights
            assert np.abs(ours - case.chain().parameters.flat).max() > 1e-4
        np.testing.assert_allclose(weights, ours, atol=2e-6)
