"""Programs at work: steps, gradients, predictions, and the threads that run them."""
