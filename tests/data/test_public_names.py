"""The names of data/ that other rooms use."""

from importlib import import_module

import pytest

from chainrule import data


def test_each_name_comes_from_its_module():
    assert sorted(data._MODULE_OF) == sorted(data.__all__)
    for name, module in data._MODULE_OF.items():
        assert getattr(data, name) is getattr(import_module(f"chainrule.data.{module}"), name)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match=r"'chainrule\.data' has no attribute 'tables'"):
        data.tables  # noqa: B018
