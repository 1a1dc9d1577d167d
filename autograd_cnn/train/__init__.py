"""Training: the loop of the notes, what it is judged by, and what makes it safe to stop."""

from autograd_cnn.errors import SearchBorderWarning
from autograd_cnn.suggestions import suggest_names as _suggest_names
from autograd_cnn.train.averaging import AveragedModel, update_bn
from autograd_cnn.train.checkpoint_folder import Checkpoints
from autograd_cnn.train.checkpoints import load_checkpoint, save_checkpoint
from autograd_cnn.train.distillation import DistillationLoss, distill
from autograd_cnn.train.ensembles import (
    Ensemble,
    EnsembleGain,
    Snapshots,
    bagging,
    checkpoint_models,
    ensemble_gain,
    initializations,
    top_models,
)
from autograd_cnn.train.evaluation import Evaluation, evaluate, predict
from autograd_cnn.train.history import EpochRecord, History
from autograd_cnn.train.metrics import accuracy, confusion_matrix, top_k_error
from autograd_cnn.train.rate_ranges import RateRange, rate_range
from autograd_cnn.train.sanity import (
    SanityCheck,
    SanityReport,
    check_initial_loss,
    check_overfitting,
    check_regularization,
    sanity_check,
)
from autograd_cnn.train.stopping import EarlyStopping
from autograd_cnn.train.trainer import Trainer
from autograd_cnn.train.tuning import Choice, Integer, LogUniform, SearchResult, Trial, TrialRecord, Uniform, tune

__all__ = [
    "AveragedModel",
    "Checkpoints",
    "Choice",
    "DistillationLoss",
    "EarlyStopping",
    "Ensemble",
    "EnsembleGain",
    "EpochRecord",
    "Evaluation",
    "History",
    "Integer",
    "LogUniform",
    "RateRange",
    "SanityCheck",
    "SanityReport",
    "SearchBorderWarning",
    "SearchResult",
    "Snapshots",
    "Trainer",
    "Trial",
    "TrialRecord",
    "Uniform",
    "accuracy",
    "bagging",
    "check_initial_loss",
    "check_overfitting",
    "check_regularization",
    "checkpoint_models",
    "confusion_matrix",
    "distill",
    "ensemble_gain",
    "evaluate",
    "initializations",
    "load_checkpoint",
    "predict",
    "rate_range",
    "sanity_check",
    "save_checkpoint",
    "top_k_error",
    "top_models",
    "tune",
    "update_bn",
]

_suggest_names(__name__)
