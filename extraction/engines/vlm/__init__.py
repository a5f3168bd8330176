"""Vision-language models shaped like Qwen2.5-VL, run here through transformers.

``engine`` is what the table of engines names. A page's way: ``processor`` makes a prompt of it,
``batching`` puts it together with others, ``ladder`` sees to it that memory suffices, ``residence``
plans how models are held and keeps them, ``loading`` brings the weights, ``generation`` writes.
"""

from extraction.engines.vlm.engine import VisionLanguage

__all__ = ["VisionLanguage"]
