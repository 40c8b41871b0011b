"""The kernels: one file for each family, and the library that compiles them."""
