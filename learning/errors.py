"""The expected failures of teaching models, in the family of extraction.errors."""

from __future__ import annotations

from extraction.errors import ExtractionError
from jobs.errors import AlreadyEnded


class DatasetExists(ExtractionError):
    code = "dataset_exists"
    title = "There is a dataset of that name"
    status = 409


class TooManyExamples(ExtractionError):
    code = "too_many_examples"
    title = "The dataset has as many examples as allowed"


class TooFewExamples(ExtractionError):
    code = "too_few_examples"
    title = "The dataset has too few examples"
    status = 409


class TrainingOpen(ExtractionError):
    code = "training_open"
    title = "A training run that has not ended needs it"
    status = 409


class RunEnded(AlreadyEnded):
    title = "The training run has ended already"


class NotTrained(ExtractionError):
    code = "not_trained"
    title = "The training run has not succeeded"
    status = 409


class AdapterInUse(ExtractionError):
    code = "adapter_in_use"
    title = "An engine reads with it, or may go back to it"
    status = 409


class TrainingTimeout(ExtractionError):
    code = "training_timeout"
    title = "The training took longer than it may"


class TrainerLost(ExtractionError):
    code = "trainer_lost"
    title = "The training ended its trainer, several times"
