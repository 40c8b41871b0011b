"""The tree of hierarchical softmax: frequent labels are near its root."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["HuffmanTree"]

NOT_YET = 10**15
"""What a node counts before it is made."""


@dataclass(frozen=True)
class HuffmanTree:
    """A tree with a leaf for each label; node i of n is a leaf if it is below n.

    Parameters
    ----------
    children : NDArray[np.int32] of shape (n − 1, 2)
        The nodes left and right under each inner one; the last has the root. Inner node i is row
        i − n of the output matrix.
    parent : NDArray[np.int32] of shape (2·n − 1,)
        The node above each; −1 for the root.
    """

    children: NDArray[np.int32]
    parent: NDArray[np.int32]

    @classmethod
    def of_counts(cls, label_counts: NDArray[np.int64]) -> HuffmanTree:
        """Return the tree of labels that were seen so often, the most frequent first.

        The two rarest nodes get a parent again and again, the rarer one left of the other; a leaf
        is taken only if it is rarer than the next inner node.

        Raises
        ------
        ValueError
            There is no label, or a count that a text does not have.
        """
        counts = label_counts.tolist()
        labels = len(counts)
        if not labels or min(counts) < 0 or sum(counts) >= NOT_YET:
            raise ValueError(f"expected labels that were seen 0 to {NOT_YET:,} times, got others")
        counts += [NOT_YET] * (labels - 1)
        parent = [-1] * len(counts)
        children = []
        leaf, node = labels - 1, labels
        for made in range(labels, 2 * labels - 1):
            pair = []
            for _ in range(2):
                if leaf >= 0 and counts[leaf] < counts[node]:
                    pair.append(leaf)
                    leaf -= 1
                else:
                    pair.append(node)
                    node += 1
            counts[made] = counts[pair[0]] + counts[pair[1]]
            parent[pair[0]] = parent[pair[1]] = made
            children.append(pair)
        pairs = np.array(children, np.int32).reshape(labels - 1, 2)
        return cls(pairs, np.array(parent, np.int32))

    @property
    def labels(self) -> int:
        """How many leaves there are."""
        return len(self.children) + 1

    def path(self, label: int) -> list[tuple[int, bool]]:
        """Return the output's rows from a label up to the root, and whether it is right of each."""
        steps = []
        node = label
        while (above := int(self.parent[node])) >= 0:
            row = above - self.labels
            steps.append((row, bool(self.children[row, 1] == node)))
            node = above
        return steps
