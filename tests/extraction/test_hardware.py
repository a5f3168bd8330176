"""extraction/hardware.py: on this machine, under drawn up cgroups, and with a stand-in for GPUs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from extraction import hardware
from extraction.hardware import CudaDevice, GpuMemory, gpu_memory, probe

ROOT = Path(__file__).resolve().parent.parent.parent
MB = 1_000_000


def machine(root: Path, files: Mapping[str, object]) -> Path:
    """A root with those files."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(content))
    return root


def test_this_machine_is_told() -> None:
    found = probe(devices=False)
    assert 0 < found.ram_available_bytes <= found.ram_bytes <= psutil.virtual_memory().total
    assert 1 <= found.cores <= len(os.sched_getaffinity(0))
    assert found.devices == ()
    assert found.torch.startswith("2.")


def test_cores_are_those_of_the_affinity() -> None:
    code = (
        "import os, sys; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "from extraction.hardware import probe\n"
        "print(probe(devices=False).cores, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.split() == ["1", "False"], done.stderr


def test_limits_of_version_2_hold(tmp_path: Path) -> None:
    root = machine(
        tmp_path,
        {
            "proc/self/cgroup": "0::/pod/box\n",
            "sys/fs/cgroup/pod/box/memory.max": 800 * MB,
            "sys/fs/cgroup/pod/box/memory.current": 500 * MB,
            "sys/fs/cgroup/pod/box/memory.stat": f"anon 1\ninactive_file {120 * MB}\n",
            "sys/fs/cgroup/pod/box/cpu.max": "max 100000\n",
            "sys/fs/cgroup/pod/memory.max": 900 * MB,
            "sys/fs/cgroup/pod/memory.current": 890 * MB,  # others are in the pod, too
            "sys/fs/cgroup/pod/memory.stat": "anon 1\n",
            "sys/fs/cgroup/pod/cpu.max": "50000 100000\n",
        },
    )
    found = probe(devices=False, root=root)
    assert found.ram_bytes == 800 * MB
    assert found.ram_available_bytes == 10 * MB
    assert found.cores == 1


def test_a_containers_own_group_is_the_mount(tmp_path: Path) -> None:
    root = machine(
        tmp_path,
        {
            "proc/self/cgroup": "0::/docker/4fd0\n",
            "sys/fs/cgroup/memory.max": "700000000\n",
            "sys/fs/cgroup/memory.current": 300 * MB,
            "sys/fs/cgroup/memory.stat": f"inactive_file {100 * MB}\n",
        },
    )
    found = probe(devices=False, root=root)
    assert (found.ram_bytes, found.ram_available_bytes) == (700 * MB, 500 * MB)


def test_limits_of_version_1_hold(tmp_path: Path) -> None:
    memory, cpu = "sys/fs/cgroup/memory/box", "sys/fs/cgroup/cpu,cpuacct/box"
    root = machine(
        tmp_path,
        {
            "proc/self/cgroup": "4:memory:/box\n2:cpu,cpuacct:/box\n0::/\n",
            f"{memory}/memory.limit_in_bytes": 600 * MB,
            f"{memory}/memory.usage_in_bytes": 400 * MB,
            f"{memory}/memory.stat": f"inactive_file 1\ntotal_inactive_file {50 * MB}\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": 9223372036854771712,  # none
            f"{cpu}/cpu.cfs_quota_us": 90_000,
            f"{cpu}/cpu.cfs_period_us": 100_000,
        },
    )
    found = probe(devices=False, root=root)
    assert (found.ram_bytes, found.ram_available_bytes) == (600 * MB, 250 * MB)
    assert found.cores == 1


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"proc/self/cgroup": "what\n:::::\n0::"},
        {"proc/self/cgroup": "0::/a", "sys/fs/cgroup/a/memory.max": "max"},
        {"proc/self/cgroup": "0::/a", "sys/fs/cgroup/a/cpu.max": "\n"},
        {"proc/self/cgroup": "1:cpu:/", "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1"},
        {"proc/self/cgroup": "0::/../..", "sys/fs/cgroup/cpu.max": "9000000 100000"},
    ],
)
def test_without_limits_it_is_the_whole_machine(tmp_path: Path, files: dict[str, object]) -> None:
    found = probe(devices=False, root=machine(tmp_path, files))
    assert found.ram_bytes == psutil.virtual_memory().total
    assert found.cores == len(os.sched_getaffinity(0))


def test_more_in_use_than_allowed_leaves_nothing(tmp_path: Path) -> None:
    files: dict[str, object] = {
        "proc/self/cgroup": "0::/",
        "sys/fs/cgroup/memory.max": 5 * MB,
        "sys/fs/cgroup/memory.current": 6 * MB,
    }
    assert probe(devices=False, root=machine(tmp_path, files)).ram_available_bytes == 0


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the names are those of x86")
@pytest.mark.parametrize(
    ("flags", "expected"),
    [("fpu avx512_bf16 sse", True), ("fpu amx_bf16", True), ("fpu avx512f", False), ("", False)],
)
def test_bfloat16_of_the_cpu_is_told_by_its_instructions(
    tmp_path: Path, flags: str, expected: bool
) -> None:
    root = machine(tmp_path, {"proc/cpuinfo": f"flags\t\t: {flags}\n"})
    assert probe(devices=False, root=root).bf16 is expected


def cuda(*devices: tuple[str, tuple[int, int], int, int]) -> Any:
    """A stand-in for torch with GPUs."""

    def properties(index: int) -> Any:
        name, (major, minor), total, _ = devices[index]
        return SimpleNamespace(
            name=name, major=major, minor=minor, total_memory=total, uuid=f"00c0ffee-{index}"
        )

    return SimpleNamespace(
        __spec__=find_spec("torch"),
        cuda=SimpleNamespace(
            is_available=lambda: bool(devices),
            device_count=lambda: len(devices),
            get_device_properties=properties,
            mem_get_info=lambda index: (devices[index][3], devices[index][2]),
            is_initialized=lambda: True,
            memory_reserved=lambda index: 7 * MB,
            memory_allocated=lambda index: 5 * MB,
        ),
    )


def test_gpus_are_those_of_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = cuda(
        ("NVIDIA H100 80GB HBM3", (9, 0), 85_000 * MB, 84_000 * MB),
        ("Tesla T4", (7, 5), 15_800 * MB, 15_300 * MB),
    )
    monkeypatch.setitem(sys.modules, "torch", torch)
    assert probe().devices == (
        CudaDevice(0, "NVIDIA H100 80GB HBM3", (9, 0), 85_000 * MB, 84_000 * MB, True),
        CudaDevice(1, "Tesla T4", (7, 5), 15_800 * MB, 15_300 * MB, False),
    )
    assert probe(devices=False).devices == ()


def test_memory_of_gpus_is_what_this_process_could_have_and_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    torch = cuda(("NVIDIA L4", (8, 9), 24_000 * MB, 9_000 * MB))
    monkeypatch.setitem(sys.modules, "torch", torch)
    assert gpu_memory() == (GpuMemory("GPU-00c0ffee-0", 24_000 * MB, 9_002 * MB, 5 * MB),)
    torch.cuda.get_device_properties = lambda index: SimpleNamespace(name="of an older torch")
    assert [gpu.gpu for gpu in gpu_memory()] == ["0"]

    def lost(index: int) -> Any:
        raise RuntimeError("CUDA error: device is lost")

    torch.cuda.mem_get_info = lost
    assert gpu_memory() == ()
    torch.cuda.is_initialized = lambda: False
    torch.cuda.mem_get_info = lambda index: pytest.fail("a GPU was touched")
    assert gpu_memory() == ()
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace())  # while it is being imported
    assert gpu_memory() == ()
    monkeypatch.delitem(sys.modules, "torch")
    assert gpu_memory() == ()


def test_gpus_that_fail_are_none(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    torch = cuda(("NVIDIA L4", (8, 9), 1, 1))

    def lost(index: int) -> Any:
        raise RuntimeError("CUDA error: device is lost")

    torch.cuda.mem_get_info = lost
    monkeypatch.setitem(sys.modules, "torch", torch)
    assert probe().devices == ()
    assert "device is lost" in caplog.text


def test_without_torch_nothing_is_asked_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "find_spec", lambda name: None)
    monkeypatch.setitem(sys.modules, "torch", cuda(("NVIDIA L4", (8, 9), 1, 1)))
    found = probe()
    assert (found.torch, found.devices) == ("", ())
    assert found.ram_bytes > 0
