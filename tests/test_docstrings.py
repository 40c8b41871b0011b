"""Public docstrings: numpydoc's form, and nothing that a caller needs is left out.

Classes and functions describe each parameter, with its type, and what is returned. A method may be
one sentence instead, if it names its parameters and begins with what it returns; those that many
methods share are described once, in the class. Methods that override are described by the base.
"""

import inspect
import re

import pytest
from numpydoc.validate import validate

import chainrule

WRITTEN = {
    "PR02": "what is described is no parameter",
    "PR03": "parameters are in another order",
    "PR07": "a parameter has no description",
    "PR08": "a description begins in lower case",
    "RT03": "what is returned has no description",
}
WHOLE = WRITTEN | {
    "PR01": "a parameter is not described",
    "RT01": "what is returned is not described",
}

VALUES = [getattr(chainrule, name) for name in chainrule.__all__]
CLASSES = [value for value in VALUES if inspect.isclass(value)]
FUNCTIONS = [value for value in VALUES if inspect.isfunction(value)]


def own_methods():
    """Yield each class with each public method that no base of it has."""
    for cls in CLASSES:
        for name, member in vars(cls).items():
            function = getattr(member, "__func__", member)
            inherited = any(hasattr(base, name) for base in cls.__mro__[1:])
            inherited |= name in getattr(cls, "__dataclass_fields__", {})
            if name[0] != "_" and inspect.isfunction(function) and not inherited:
                yield pytest.param(cls, function, id=function.__qualname__)


def wrong(path, codes):
    return [text for code, text in validate(path)["errors"] if code in codes]


@pytest.mark.parametrize("value", CLASSES + FUNCTIONS, ids=lambda value: value.__name__)
def test_classes_and_functions_describe_their_parameters(value):
    codes = {*WRITTEN} if getattr(value, "_is_protocol", False) else {*WHOLE}
    if hasattr(value, "get_params"):  # by keyword only, what is an estimator's own comes first
        codes -= {"PR03"}
    assert not wrong(f"chainrule.{value.__name__}", codes)


@pytest.mark.parametrize(("cls", "method"), list(own_methods()))
def test_methods_name_their_parameters_and_what_they_return(cls, method):
    doc = method.__doc__ or ""
    assert not wrong(f"chainrule.{cls.__name__}.{method.__name__}", WRITTEN)
    shared = " ".join(base.__doc__ for base in cls.__mro__ if base.__doc__)
    words = set(re.findall(r"\w+", f"{doc} {shared}"))
    parameters = set(inspect.signature(method).parameters) - {"self", "cls"}
    assert parameters <= words
    returns = inspect.signature(method).return_annotation not in ("None", None)
    assert not returns or re.match(r"Return\b|Yield\b", doc) or "Returns\n" in doc
