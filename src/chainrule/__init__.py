"""chainrule: neural networks on CPUs, with backpropagation in closed form."""

__version__ = "0.1.0"
