"""What a line of index notation means, literally: a loop over all values of all letters.

Written without looking at the package: the text is cut with regular expressions, and an index is
computed by Python itself.
"""

import itertools
import re
from fractions import Fraction

import numpy as np


def terms_of(text):
    """Yield (target's indices, sign and number, factors) of each term of a line's text."""
    for statement in text.split(";"):
        left, right = statement.split("=")
        [(_, target)] = factors_of(left)
        depth, term, terms = 0, "", []
        for character in right.strip():
            depth += {"[": 1, "]": -1}.get(character, 0)
            if character in "+-" and depth == 0 and term.strip():
                terms.append(term)
                term = ""
            term += character
        for product in [*terms, term]:
            outside = re.sub(r"[^\W\d]\w*(\[[^\]]*\])?", "", product).replace(" ", "")
            sign, number = re.fullmatch(r"([+-]?)(.*)", outside).groups()
            yield target, Fraction(number or "1") * (-1 if sign == "-" else 1), factors_of(product)


def factors_of(text):
    """Return [(name, [index, …]), …]."""
    found = re.findall(r"([^\W\d]\w*)(?:\[([^\]]*)\])?", text)
    return [(name, indices.split(",") if indices else []) for name, indices in found]


def letters_of(indices, constants):
    names = re.findall(r"[^\W\d]\w*", ",".join(indices))
    return [name for name in dict.fromkeys(names) if name not in constants]


def additions(text, operands, sizes, constants):
    """Yield (place in the target, number to add there) for all values of all letters."""
    exact = any(array.dtype == object for array in operands.values())
    for target, number, factors in terms_of(text):
        every = [*target, *(index for _, indices in factors for index in indices)]
        letters = letters_of(every, constants)
        for values in itertools.product(*(range(sizes[letter]) for letter in letters)):
            names = {**constants, **dict(zip(letters, values, strict=True))}
            product = number if exact else float(number)
            for name, indices in factors:
                place = tuple(eval(index, {}, names) for index in indices)
                array = operands[name]
                inside = all(0 <= p < size for p, size in zip(place, array.shape, strict=True))
                product = product * array[place] if inside else 0 * product
            yield tuple(eval(index, {}, names) for index in target), product


def evaluate(text, operands, sizes, constants=None, shape=None):
    """Return the target; by default of the smallest shape that holds every element."""
    added = list(additions(text, operands, sizes, constants or {}))
    rank = len(next(terms_of(text))[0])
    if shape is None:
        shape = tuple(max(0, *(place[axis] + 1 for place, _ in added)) for axis in range(rank))
    result = np.zeros(shape, dtype=object)
    for place, number in added:
        if all(0 <= p < size for p, size in zip(place, shape, strict=True)):
            result[place] += number
    return result
