"""What a program keeps."""

import ctypes

from chainrule.engine.planning.program import Instructions


def test_tables_that_are_alike_are_kept_once():
    program = Instructions(1)
    first = program.table([1, 2], [3, 4])
    assert program.table([1, 2], [3, 4]) == first
    others = [program.table([1, 2], [3, 5]), program.table([1, 3, 2, 4]), program.table([1, 3])]
    assert len({first, *others}) == 3  # two columns, side by side, are one of every other number
    assert len(program.kept) == 3
    assert list((ctypes.c_int64 * 4).from_address(first)) == [1, 3, 2, 4]
