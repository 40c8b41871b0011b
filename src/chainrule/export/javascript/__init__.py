"""Networks as modules of JavaScript."""
