"""A small language of loops over arrays: what a network computes, before C or JavaScript."""
