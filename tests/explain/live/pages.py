"""Pages of small networks, taken apart, and the parts of their scripts run by Node."""

import json
import subprocess
from html.parser import HTMLParser

import numpy as np

from chainrule import MLPClassifier
from chainrule.explain.live.document import packaged
from export.programs import NODE

PURE = ("format.js", "terms.js", "network.js", "levels.js", "contributions.js", "texts.js")
"""The scripts that need no browser."""

PRINT = """
const print = (value) => console.log(JSON.stringify(value, (_, each) =>
  ArrayBuffer.isView(each) ? Array.from(each) : each));
"""
VOID = {"meta", "input", "br"}


class Elements(HTMLParser):
    """The elements of a document, all closed; attributes, and what is in scripts and styles."""

    def __init__(self, text):
        super().__init__()
        self.open, self.attributes, self.parts, self.tags = [], [], {}, set()
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self.open.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag, self.getpos()

    def handle_data(self, data):
        if self.open and self.open[-1][0] in ("script", "style"):
            tag, attributes = self.open[-1]
            self.parts[attributes.get("id") or attributes.get("type") or tag] = data


def read_page(path):
    """Return the elements of a page, and the facts in it."""
    elements = Elements(path.read_text(encoding="utf-8"))
    return elements, json.loads(elements.parts["facts"])


def run_page(path, script):
    """Return what a script prints, given the network of a page and the page's pure functions."""
    elements, _ = read_page(path)
    program = elements.parts["module"].partition("// What the page is told")[0]
    facts = f"const facts = {elements.parts['facts']};"
    return run([facts, program, *map(packaged, PURE), PRINT, script], path.parent)


def run(parts, folder):
    """Return what a script of parts prints as JSON, run by Node."""
    file = folder / "script.mjs"
    file.write_text("\n".join(parts), encoding="utf-8")
    done = subprocess.run([NODE, str(file)], capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr[-3000:]
    return json.loads(done.stdout)


def digits(count=200):
    """Return images of 8 × 8 numbers, and which half of each is brighter, or neither."""
    rng = np.random.default_rng(0)
    X = rng.integers(0, 17, size=(count, 64)) / 16
    brighter = X[:, :32].sum(axis=1) - X[:, 32:].sum(axis=1)
    return X, np.digitize(brighter, [-1, 1])


def digits_classifier():
    """Return a fitted network of two hidden layers for such images, in float64."""
    model = MLPClassifier(
        hidden_layer_sizes=(7, 5), activation="tanh", max_iter=30, tol=1.0, random_state=0
    )
    return model.fit(*digits())
