"""The network as the engine sees it."""
