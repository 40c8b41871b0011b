"""From the rules of functions and losses to loops; one table of kinds, as the engine has one."""
