"""The command line: ``chainrule train``, ``predict``, ``explain``, ``export`` and others."""

import sys
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from chainrule.cli.application import app

__all__ = ["app", "main"]


def main() -> None:
    """Run the command line; every error is a sentence on standard error, and exit code 1.

    Misuse has exit code 2; Ctrl-C and SIGTERM have 130 where nothing could be kept.
    """
    from chainrule.cli.encoding import speak_unicode
    from chainrule.cli.endings import said
    from chainrule.cli.fasttext_plain import run_plainly
    from chainrule.cli.printing import printing

    speak_unicode()
    with said():
        if not run_plainly(sys.argv[1:]):
            from chainrule.cli.application import app  # which takes its time to load

            try:
                app()
            finally:  # what is left over would have no name where Python prints it at the end
                with suppress(BrokenPipeError), printing():
                    sys.stdout.flush()


def __getattr__(name: str) -> object:
    """Load the commands when somebody asks for them, as parts of them are used by themselves."""
    if name != "app":
        raise AttributeError(f"module 'chainrule.cli' has no attribute {name!r}")
    from chainrule.cli.application import app

    return app
