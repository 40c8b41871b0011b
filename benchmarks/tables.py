"""Tables as Markdown has them, a line at a time."""


def head(*cells: str) -> None:
    """Print the first lines of a table."""
    row(*cells)
    print("|---" * len(cells) + "|")


def row(*cells: str) -> None:
    """Print a line of a table."""
    print("| " + " | ".join(cells) + " |", flush=True)


def figure(number: float) -> str:
    """Return a number with three digits, or as a whole one."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"
