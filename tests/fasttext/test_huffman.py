import numpy as np
import pytest

from chainrule.fasttext.huffman import HuffmanTree


def test_a_tree_by_hand():
    # 1 + 2 = 3, with 3 equal to the leaf 3: the node is taken; 3 + 3 = 6; 6 + 7 = 13
    tree = HuffmanTree.of_counts(np.array([7, 3, 2, 1]))
    assert tree.children.tolist() == [[3, 2], [4, 1], [5, 0]]
    assert tree.parent.tolist() == [6, 5, 4, 4, 5, 6, -1]
    assert tree.path(0) == [(2, True)]
    assert tree.path(3) == [(0, False), (1, False), (2, False)]
    assert tree.path(1) == [(1, True), (2, False)]


def test_frequent_labels_are_near_the_root():
    counts = np.sort(np.random.default_rng(1).integers(1, 1000, 300))[::-1]
    tree = HuffmanTree.of_counts(counts)
    lengths = [len(tree.path(label)) for label in range(300)]
    assert lengths[0] == min(lengths)
    assert np.all(np.diff(lengths) >= 0)
    assert sum(2.0**-length for length in lengths) == 1


def test_one_label_needs_no_choice():
    assert HuffmanTree.of_counts(np.array([5])).path(0) == []


@pytest.mark.parametrize("counts", [[], [1, -1], [10**15, 1]])
def test_counts_that_no_text_has(counts):
    with pytest.raises(ValueError, match="expected labels that were seen 0 to"):
        HuffmanTree.of_counts(np.array(counts, np.int64))
