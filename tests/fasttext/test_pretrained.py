"""Training that begins with given vectors: what 0.11.9 writes after ``pretrainedVectors``."""

import hashlib
import random

import numpy as np
import pytest

from chainrule.fasttext.settings import Settings
from chainrule.fasttext.training import train_model
from chainrule.fasttext.vectors import WordVectors, read_vectors
from chainrule.fasttext.writer import model_bytes
from fasttext_cases import text

CASES = {
    "words": {},
    "rare": {"wordNgrams": 2, "bucket": 100, "minCount": 3},
    "tree": {"minn": 2, "maxn": 3, "bucket": 50, "loss": "hs"},
}
RECORDED = {"words": "27979e946936dfc5", "rare": "26ef88104e499559", "tree": "e9f512c7c29f5ce5"}
"""First 16 digits of SHA-256 of the files."""


def vectors_text():
    """Return vectors of words that the text has, has rarely, or has not, one of them twice."""
    draw = random.Random(4).gauss
    seen = [*dict.fromkeys(word for word in text().split() if b"\0" not in word)]
    words = [*seen[::3], *(b"new%d" % n for n in range(20)), b"</s>", b"__label__new", seen[3]]
    lines = (b" ".join([word, *(b"%.5g" % draw(0, 1) for _ in range(4))]) for word in words)
    return b"%d 4\n" % len(words) + b"".join(line + b"\n" for line in lines)


@pytest.mark.parametrize("name", CASES)
def test_a_model_that_began_with_vectors_has_the_same_bytes(name, tmp_path):
    path = tmp_path / "given.vec"
    path.write_bytes(vectors_text())
    settings = Settings(dim=4, epoch=3, **CASES[name])
    model = train_model(text(), settings, vectors=read_vectors(path))
    content = b"".join(model_bytes(model))
    assert hashlib.sha256(content).hexdigest()[:16] == RECORDED[name]


def test_vectors_of_another_size_are_refused():
    vectors = WordVectors([b"a"], np.zeros((1, 3), np.float32))
    with pytest.raises(ValueError, match="expected vectors of 4 numbers, as dim says, got 3"):
        train_model(text(), Settings(dim=4), vectors=vectors)
