"""From a network to a program: buffers, and each thread's instructions."""
