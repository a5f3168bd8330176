"""Vision-language models taught by an organisation's own pages: LoRA adapters, and how good.

``loop`` trains one, by ``steps``; ``lessons`` makes of a page what the model sees, ``checkpoints``
keeps how far a training is, ``memory`` says whether it fits; ``evaluation`` has an engine read what
it was not taught. ``extraction.engines.tuned`` makes an engine of an adapter.
"""

from extraction.training.evaluation import Evaluation, evaluate
from extraction.training.lessons import Lesson
from extraction.training.loop import train
from extraction.training.settings import Progress, Trained, TrainingSettings

__all__ = [
    "Evaluation",
    "Lesson",
    "Progress",
    "Trained",
    "TrainingSettings",
    "evaluate",
    "train",
]
