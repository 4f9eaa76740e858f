"""Recorded programs elsewhere: at many points, in files, in other processes, JAX and PyTorch."""
