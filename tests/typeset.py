"""Whether LaTeX can be read, by matplotlib's reader, which knows all that is used but cases."""

import re
from functools import cache

INNER = re.compile(r"\\begin\{cases\}((?:(?!\\begin).)*?)\\end\{cases\}")


@cache
def parsed(line):
    """Return whether a formula is LaTeX; cases are read row by row."""
    from matplotlib.mathtext import MathTextParser

    while r"\begin{cases}" in line:
        line = INNER.sub(lambda m: " ".join(re.split(r"\\\\|&", m[1])), line)
    return MathTextParser("path").parse(f"${line}$").width > 0
