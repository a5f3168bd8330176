"""What this machine has for models: GPUs that torch can use, memory, cores.

A container's limits count as the machine's own: cgroups of version 1 and 2 are read, and of each
the ones above it, the tightest of which holds.
"""

from __future__ import annotations

import logging
import math
import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

logger = logging.getLogger(__name__)

AMPERE = (8, 0)  # of compute capability: the first that multiplies bfloat16
# Of /proc/cpuinfo: instructions that multiply bfloat16 (x86, arm64)
BFLOAT16 = {"avx512_bf16", "amx_bf16", "bf16"}


@dataclass(frozen=True, slots=True)
class CudaDevice:
    """A GPU: its number among those that this process sees, and its memory in bytes.

    ``free_bytes`` is what was free when it was asked, this process's own context taken off.
    """

    index: int
    name: str
    capability: tuple[int, int]
    total_bytes: int
    free_bytes: int
    bf16: bool


@dataclass(frozen=True, slots=True)
class GpuMemory:
    """A GPU that this process uses, as it is now, in bytes.

    ``gpu`` is its UUID as NVIDIA's tools write it, its number where torch does not tell that.
    ``available_bytes`` is what this process could still have: what is free, and what its torch
    keeps for later. ``allocated_bytes`` is what its models and pages take.
    """

    gpu: str
    total_bytes: int
    available_bytes: int
    allocated_bytes: int


@dataclass(frozen=True, slots=True)
class Hardware:
    """A machine as a model finds it.

    ``cores`` are those that this process may use. ``bf16`` says whether the CPU multiplies
    bfloat16 itself. ``torch`` is its version, "" where it is not installed: then no devices are
    told either, for nothing could use them.
    """

    devices: tuple[CudaDevice, ...]
    ram_bytes: int
    ram_available_bytes: int
    cores: int
    bf16: bool
    torch: str


def probe(*, devices: bool = True, root: Path = Path("/")) -> Hardware:
    """What there is now; never raises: what cannot be told is 0, False or missing.

    ``devices`` False leaves the GPUs out and torch alone, which takes seconds to import and a part
    of each GPU's memory for as long as the process lives. ``root`` is where /proc and /sys are.
    """
    total, available = _memory(root)
    version = _torch_version()
    return Hardware(
        devices=_cuda_devices() if devices and version else (),
        ram_bytes=total,
        ram_available_bytes=available,
        cores=_cores(root),
        bf16=_cpu_has_bfloat16(root),
        torch=version,
    )


def _torch_version() -> str:
    """Told without importing it."""
    try:
        return metadata.version("torch") if find_spec("torch") else ""
    except (metadata.PackageNotFoundError, ValueError):
        return ""


def _cuda_devices() -> tuple[CudaDevice, ...]:
    """The GPUs that torch can use, and can be asked about."""
    found = []
    try:
        import torch

        if not torch.cuda.is_available():
            return ()
        for index in range(torch.cuda.device_count()):
            properties = torch.cuda.get_device_properties(index)
            free, total = torch.cuda.mem_get_info(index)
            capability = (properties.major, properties.minor)
            found.append(
                CudaDevice(
                    index,
                    properties.name,
                    capability,
                    total,
                    free,
                    # torch's own word counts bfloat16 that is computed in floats
                    bf16=capability >= AMPERE,
                )
            )
    except Exception as error:  # of drivers that do not fit, a card fallen off the bus
        logger.warning("GPUs could not be asked: %s", error)
    return tuple(found)


def gpu_memory() -> tuple[GpuMemory, ...]:
    """The memory of the GPUs that this process uses; one that fails is none, and nothing raises.

    Where torch has not touched them nothing is asked: asking would take a part of their memory.
    """
    torch = sys.modules.get("torch")
    found = []
    try:
        if torch is None or not torch.cuda.is_initialized():
            return ()
        for index in range(torch.cuda.device_count()):
            free, total = torch.cuda.mem_get_info(index)
            allocated = torch.cuda.memory_allocated(index)
            kept = torch.cuda.memory_reserved(index) - allocated
            uuid = str(getattr(torch.cuda.get_device_properties(index), "uuid", ""))
            name = f"GPU-{uuid.removeprefix('GPU-')}" if uuid else str(index)
            found.append(GpuMemory(name, total, free + kept, allocated))
    except Exception as error:  # as above; or torch is just being imported by another thread
        logger.debug("GPUs could not be asked: %s", error)
    return tuple(found)


def _memory(root: Path) -> tuple[int, int]:
    """Bytes of RAM that this process may have, and that it could still have now."""
    import psutil

    try:
        whole = psutil.virtual_memory()
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        logger.warning("memory could not be asked: %s", error)
        return 0, 0
    total, available = whole.total, whole.available
    for folder in _groups(root, "memory"):
        for limit_name, used_name, idle_name in (
            ("memory.max", "memory.current", "inactive_file"),
            ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
        ):
            limit = _number(folder / limit_name)
            if limit is None or limit >= whole.total:  # none; version 1 writes a huge one for it
                continue
            total = min(total, limit)
            if (used := _number(folder / used_name)) is not None:
                # a cache of files goes where memory is wanted
                used -= _statistic(folder / "memory.stat", idle_name)
                available = min(available, limit - used)
    return total, max(0, available)


def _cores(root: Path) -> int:
    """How many cores' worth of time this process may have, rounded up."""
    try:
        cores = len(os.sched_getaffinity(0))
    except (AttributeError, OSError):  # not on Linux
        cores = os.cpu_count() or 1
    for folder in _groups(root, "cpu"):
        quota, period = _number(folder / "cpu.cfs_quota_us"), _number(folder / "cpu.cfs_period_us")
        if (both := _text(folder / "cpu.max").split()) and both[0].isdigit():
            quota, period = int(both[0]), int(both[1]) if len(both) > 1 else 100_000
        if quota and period and quota > 0:
            cores = min(cores, math.ceil(quota / period))
    return max(1, cores)


def _cpu_has_bfloat16(root: Path) -> bool:
    """Whether the CPU has instructions for it; on others torch computes in floats, slower."""
    if platform.machine() not in ("x86_64", "aarch64"):
        return False
    return not BFLOAT16.isdisjoint(_text(root / "proc/cpuinfo").split())


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """The folders of this process's cgroups that bound ``controller``, inner ones first.

    In a container the path told may be the host's, which is not there: its own is the mount then.
    """
    for line in _text(root / "proc/self/cgroup").splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers == "" and number == "0":
            mounts = [root / "sys/fs/cgroup", root / "sys/fs/cgroup/unified"]
        elif controller in controllers.split(","):
            mounts = [root / "sys/fs/cgroup" / name for name in (controller, controllers)]
        else:
            continue
        parts = [part for part in path.split("/") if part not in ("", "..")]
        for mount in mounts:
            for depth in range(len(parts), -1, -1):
                folder = mount.joinpath(*parts[:depth])
                if folder.is_dir():
                    yield folder


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, ValueError):
        return ""


def _number(path: Path) -> int | None:
    """The number in the file; None for "max", or where there is none."""
    text = _text(path).strip()
    return int(text) if text.lstrip("-").isdigit() else None


def _statistic(path: Path, name: str) -> int:
    for line in _text(path).splitlines():
        key, _, value = line.partition(" ")
        if key == name and value.isdigit():
            return int(value)
    return 0
