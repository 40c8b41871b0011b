"""chainrule beside its peers: the same network, weights, order of samples and threads."""
