"""Hyperparameter search in the notes' words: ranges on log scales, random before grid, coarse to fine."""

from autograd_cnn.suggestions import suggest_names as _suggest_names
from autograd_cnn.train.tuning.ranges import Choice, Integer, LogUniform, Uniform
from autograd_cnn.train.tuning.results import SearchResult
from autograd_cnn.train.tuning.searching import tune
from autograd_cnn.train.tuning.trials import Trial, TrialRecord

__all__ = ["Choice", "Integer", "LogUniform", "SearchResult", "Trial", "TrialRecord", "Uniform", "tune"]

_suggest_names(__name__)
