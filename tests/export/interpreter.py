"""Programs of the language of loops, run number by number: what they mean, without a compiler."""

import operator

import numpy as np

from chainrule import mathematics
from chainrule.export.language.statements import (
    Assign,
    Let,
    LetPlace,
    LetWhole,
    Loop,
    Return,
    SetPlace,
    When,
)

OPERATORS = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "and": lambda x, y: x and y,
    "or": lambda x, y: x or y,
    "not": operator.not_,
    "neg": operator.neg,
    "where": lambda condition, x, y: x if condition else y,
    "pow": operator.pow,
    "floor": np.floor,
}


class Answer(Exception):  # noqa: N818 — no error
    """The end of a function."""


def run(steps, arrays, dtype):
    """Run steps on arrays (a dict from `Array` to its numbers, flat), which they fill."""
    with np.errstate(all="ignore"):
        for step in steps:
            for array in step.arrays.values():
                if array not in arrays:
                    given = np.full(array.size, np.nan) if array.numbers is None else array.numbers
                    arrays[array] = np.array(given, np.float64 if array.wide else dtype).ravel()
            named = {name: arrays[array] for name, array in step.arrays.items()}
            _run(step.body, named, {}, {}, np.float64 if step.wide else dtype)


def answer(step, arrays, dtype):
    """Return what a step answers with."""
    try:
        run([step], arrays, dtype)
    except Answer as end:
        return end.args[0]
    raise AssertionError("no answer")


def _place(index, places):
    return index.offset + sum(factor * places[letter] for factor, letter in index.terms)


def _end(bound, places):
    return -(-_place(bound.index, places) // bound.divisor)


def _value(expression, named, local, places, dtype):
    kind = expression.operation
    if kind == "number":
        return dtype(expression.value)
    if kind == "local":
        return local[expression.value]
    if kind == "element":
        array, index = expression.value
        at = _place(index, places)
        assert 0 <= at < len(named[array]), f"{array}[{index}] at {at}"
        return named[array][at]
    operands = [_value(each, named, local, places, dtype) for each in expression.operands]
    if kind in OPERATORS:
        return OPERATORS[kind](*operands)
    return dtype(getattr(mathematics, kind)(*operands))


def _run(statements, named, local, places, dtype):
    for statement in statements:
        match statement:
            case Let(name, value, _):
                local[name] = _value(value, named, local, places, dtype)
            case LetPlace(name, index) | SetPlace(name, index):
                places[name] = _place(index, places)
            case LetWhole(name, value):
                places[name] = int(_value(value, named, local, places, dtype))
            case Return(index):
                raise Answer(_place(index, places))
            case Assign(target, value, add):
                number = _value(value, named, local, places, dtype)
                if add:
                    number = _value(target, named, local, places, dtype) + number
                if target.operation == "local":
                    local[target.value] = number
                else:
                    array, index = target.value
                    at = _place(index, places)
                    assert 0 <= at < len(named[array]), f"{array}[{index}] at {at}"
                    named[array][at] = number
            case Loop(letter, starts, stops, body):
                assert letter not in places, letter
                start = max(_end(bound, places) for bound in starts)
                stop = min(_end(bound, places) for bound in stops)
                for place in range(start, stop):
                    places[letter] = place
                    _run(body, named, local, places, dtype)
                places.pop(letter, None)
            case When(condition, inside, body, otherwise):
                holds = condition is None or _value(condition, named, local, places, dtype)
                holds = holds and all(0 <= _place(i, places) < size for i, size in inside)
                _run(body if holds else otherwise, named, local, places, dtype)
