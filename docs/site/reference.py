"""The reference: which names a module has, and what of each is documented, in Sphinx's words."""

import inspect
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType

import chainrule


def names(module: ModuleType) -> list[str]:
    """Return the public names of a module: in the package's order, or in that of its own list."""
    room = module.__name__.removeprefix("chainrule.")
    return chainrule._PUBLIC[room].split() if room in chainrule._PUBLIC else module.__all__


def entries(name: str) -> str:
    """Return the documentation of a module's public names, as a block of a Markdown page."""
    module = import_module(name)
    home = "chainrule" if name.removeprefix("chainrule.") in chainrule._PUBLIC else name
    lines = [line for each in names(module) for line in _entry(module, home, each)]
    return "\n".join(["```{eval-rst}", *lines, "```"])


def _entry(module: ModuleType, home: str, name: str) -> Iterator[str]:
    value = getattr(module, name)
    if inspect.isclass(value):
        yield f".. autoclass:: {home}.{name}"
        if members := own_members(value):
            yield f"   :members: {', '.join(members)}"
    elif callable(value):
        yield f".. autofunction:: {home}.{name}"
    else:
        yield f".. autodata:: {_definer(module, name)}.{name}"
        yield "   :no-value:"
    yield ""


def _definer(module: ModuleType, name: str) -> str:
    """Return the module in which data are assigned, where their documentation is."""
    assigned = re.compile(rf"^{name}\b.* = ", re.MULTILINE)
    inside = [each for key, each in sys.modules.items() if key.startswith(module.__name__)]
    for each in (module, *inside):
        if assigned.search(inspect.getsource(each)):
            return each.__name__
    raise LookupError(f"no module of {module.__name__} assigns {name}")


def own_members(cls: type) -> list[str]:
    """Return the methods and properties that are documented with a class.

    Those of other packages are not, nor those that a public class above it has: what overrides
    does what is said there.
    """
    above = [base for base in cls.__mro__[1:] if base.__name__ in chainrule.__all__]
    fields = getattr(cls, "__dataclass_fields__", {})
    found = []
    for name, member in inspect.getmembers_static(cls):
        known = name[0] == "_" or name in fields or any(hasattr(base, name) for base in above)
        function = getattr(member, "fget", getattr(member, "__func__", member))
        ours = str(getattr(function, "__module__", "")).startswith("chainrule")
        if ours and inspect.isfunction(function) and not known:
            found.append(name)
    return sorted(found, key=lambda name: _place(cls, name))


def _place(cls: type, name: str) -> tuple[int, int]:
    """Return where a member is defined: the nearer class first, and its own order in that."""
    for depth, base in enumerate(cls.__mro__):
        if name in vars(base):
            return depth, list(vars(base)).index(name)
    raise KeyError(name)
