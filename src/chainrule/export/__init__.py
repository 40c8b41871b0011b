"""Trained networks as programs in other languages, all by one walk over what they are made of."""
