"""Kernels that start warm: forked from a process that has everything imported, reading through one reader for all."""
