"""What the engine needs of the machine: memory, and machine code made, kept and loaded."""
