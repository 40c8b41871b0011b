"""``python -m chainrule`` and ``chainrule``: the command line, ready for Ctrl-C before it loads."""

from chainrule.interruption import interruption

__all__ = ["main"]


def main() -> None:
    """Run the command line."""
    interruption.watch()
    from chainrule.cli import main as run  # this takes a second

    run()


if __name__ == "__main__":
    main()
