"""Eleven indices of the left ventricle by an ensemble of deep layer aggregation networks."""

from CardiacLVLib.ensemble.prediction import member_indices, predict_indices
from CardiacLVLib.ensemble.store import Ensemble, load_ensemble

__all__ = ["Ensemble", "load_ensemble", "member_indices", "predict_indices"]
