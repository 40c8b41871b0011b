"""The language of kernels: vectors of numbers whose operations emit machine code."""
