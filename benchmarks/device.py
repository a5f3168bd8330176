"""A GPU, or without one the CPU, as benchmarks of models measure it: time, memory, bandwidth."""

from __future__ import annotations

import contextlib
import gc
import resource
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import psutil


class Memory:
    """Tells what a block takes: from CUDA's allocator, or of a CPU by looking every 5 ms."""

    def __init__(self, device: str) -> None:
        self.cuda = device.startswith("cuda")
        self.at_start = self._used()

    def _used(self) -> int:
        """Bytes in use, of the GPU by all, of RAM by this process."""
        if not self.cuda:
            return int(psutil.Process().memory_info().rss)
        import torch

        free, total = torch.cuda.mem_get_info()
        return int(total - free)

    @contextlib.contextmanager
    def measured(self, found: dict[str, int]) -> Iterator[None]:
        """Puts "peak" and "process" into ``found``, since this object was made."""
        import torch

        over, most = threading.Event(), [0]

        def look() -> None:
            while not over.is_set():
                most[0] = max(most[0], self._used())
                over.wait(0.005)

        thread = threading.Thread(target=look)
        thread.start()
        if self.cuda:
            torch.cuda.reset_peak_memory_stats()
        try:
            yield
        finally:
            over.set()
            thread.join()
        found["process"] = most[0] - self.at_start
        found["peak"] = torch.cuda.max_memory_allocated() if self.cuda else found["process"]


def emptied() -> None:
    """Have let go what nobody holds."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        torch.cuda.synchronize()


def timed(work: Callable[[], Any]) -> float:
    """Seconds that it takes, the GPU's part too."""
    import torch

    begun = time.perf_counter()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - begun


def bandwidth(device: str, size: int) -> float:
    """Bytes a second that are read and written, by copying ``size`` of them; the best of 10."""
    import torch

    source = torch.empty(size, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    target.copy_(source)
    return 2 * size / min(timed(lambda: target.copy_(source)) for _ in range(10))


@contextlib.contextmanager
def capped(spare: int, *, cuda: bool) -> Iterator[None]:
    """Only ``spare`` bytes more than are in use now can be had inside the block."""
    emptied()
    if cuda:
        import torch

        total = torch.cuda.mem_get_info()[1]
        share = (torch.cuda.memory_reserved() + spare) / total
        torch.cuda.set_per_process_memory_fraction(min(1.0, share))
        try:
            yield
        finally:
            torch.cuda.set_per_process_memory_fraction(1.0)
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (psutil.Process().memory_info().vms + spare, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
