"""Kernels of a model's forward pass on CUDA, each an operation of `torch.ops.af3`."""
