"""Seeded generators of radiographs, cardiac cines and radiotherapy patients with exact truth.

They serve teaching, tests, benchmarks and the demonstration; the same settings give the same
bytes on one machine. No real patient's data enters them.
"""
