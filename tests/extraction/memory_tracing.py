"""The memory that tensors take while a block runs, counted by what PyTorch makes and lets go."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class TensorBytes(TorchDispatchMode):
    """Bytes of all tensors made inside the block that are alive: ``live`` now, ``peak`` at most.

    ``without`` are those there before that do not count, as a model's weights. What a kernel takes
    for itself is not seen.
    """

    def __init__(self, without: Iterable[torch.Tensor]) -> None:
        super().__init__()
        self.live = self.peak = 0
        self._seen: dict[int, Any] = {self._key(tensor): None for tensor in without}

    @staticmethod
    def _key(tensor: torch.Tensor) -> int:
        return int(tensor.untyped_storage()._cdata)

    def count(self, tensor: torch.Tensor) -> None:
        """Count the tensor's memory, if it is not counted already, until it is gone."""
        key, storage = self._key(tensor), tensor.untyped_storage()
        if key in self._seen:
            return
        size = storage.nbytes()

        def gone(_: Any) -> None:
            self.live -= size
            del self._seen[key]

        self._seen[key] = weakref.ref(storage, gone)
        self.live += size
        self.peak = max(self.peak, self.live)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(made):
            if isinstance(tensor, torch.Tensor):
                self.count(tensor)
        return made
