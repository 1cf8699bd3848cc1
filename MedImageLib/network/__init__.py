"""The compact multi-level segmentation network, its training, inference and stored models."""
