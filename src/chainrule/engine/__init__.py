"""A chain as machine code: kernels, the plan of a step, and the walk that runs it."""
