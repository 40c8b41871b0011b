"""Kinds of functions: a class for each says how the engine runs it; `table.py` has them all."""
