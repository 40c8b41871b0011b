"""The words of a vocabulary, found in texts by machine code; what is not known is not kept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from chainrule.inputs.texts.ngrams import Places
from chainrule.inputs.texts.words import LINE_END, SEPARATORS, as_bytes, is_sign

__all__ = ["KnownWords"]


class KnownWords:
    """Different words, and where in texts each stands.

    Parameters
    ----------
    words : sequence of bytes
        Their numbers are 0, 1, 2, …
    """

    def __init__(self, words: Sequence[bytes]) -> None:
        from chainrule.data.tokens import Splitting, Vocabulary  # which loads the engine

        self.count = len(words)
        self.table = Vocabulary(Splitting(SEPARATORS, LINE_END))
        self.table.add(b" ".join(words) + b"\n")
        self.signs: NDArray[np.bool_] = np.fromiter(map(is_sign, words), bool, self.count)

    def rows_of(self, texts: Sequence[str], *, lowercase: bool) -> tuple[Places, Places]:
        """Return the number of each word of texts, −1 of one that is not known, and its text.

        Parameters
        ----------
        texts : sequence of str
            Of any content.
        lowercase : bool
            Whether capital letters are read as small ones.
        """
        from chainrule.data.tokens import Pieces, look_up_call

        call = look_up_call(self.table, self.table.state.copy(), learn=False)
        found = [np.zeros(0, np.int32)]
        content = as_bytes(texts, lowercase=lowercase)
        for text, starts, ends, count in Pieces(content, self.table.splitting):
            numbers = np.empty(count, np.int32)
            call(text=text, starts=starts, ends=ends, count=count, numbers=numbers)
            found.append(numbers)
        rows = np.concatenate(found).astype(np.int64)
        line_ends = rows == self.count
        return rows[~line_ends], (np.cumsum(line_ends) - line_ends)[~line_ends]
