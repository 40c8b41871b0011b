"""The live page of a network that reads digits: ``docs/live.html`` of the site.

A page that says ``<!-- live page -->`` leads to it.
"""

from pathlib import Path
from typing import Any

NAME = "live.html"
LINK = f'<p><a href="{NAME}"><strong>Open the page of a network that reads digits</strong></a></p>'
"""A link of the site alone: no file of the repository is there."""


def write(folder: Path) -> Path:
    """Write the page into a folder, and return the file."""
    from sklearn.datasets import load_digits

    from chainrule import MLPClassifier

    X, y = load_digits(return_X_y=True)
    model = MLPClassifier((32, 16), max_iter=300, tol=1e-3, random_state=0).fit(X / 16, y)
    return model.explain(X / 16, y, path=folder / NAME).path


def _write(app: Any, exception: Exception | None) -> None:
    if exception is None:
        write(Path(app.outdir) / "docs")


def setup(app: Any) -> dict[str, bool]:
    """Let Sphinx write the page when all others are there."""
    app.connect("build-finished", _write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
