"""Networks as ONNX graphs, which runtimes of many languages and machines read."""
