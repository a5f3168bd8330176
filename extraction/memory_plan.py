"""How a vision-language model is held on a machine: number format, batch and pixels, by its memory.

What is needed is counted from the model's geometry. Held all the time: weights, and what the
libraries take. On top comes what pages take while they are read, at the worst of three moments:

- **looking**: the vision tower has all patches of all pages at once,
- **beginning**: the text model has all tokens of the prompts at once,
- **writing**: the cache of keys and values is at its full length.

What is chosen is the first that fits into 90 % of what is free:

1. the weights as they are: bfloat16, float16 on a GPU without it; on a CPU without it float32,
   then bfloat16, which is slower there,
2. in 8 bits: next to nothing is lost (LLM.int8, arXiv 2208.07339), but it is slower,
3. in 8 bits, pages shown with fewer pixels, but no fewer than ``LEGIBLE_PIXELS``,
4. in 4 bits, which loses more than such fewer pixels do (QLoRA's NF4, arXiv 2305.14314),
5. in 4 bits with fewer pixels;

and of it the largest batch. Below ``LEGIBLE_PIXELS`` nothing is planned: small print would be lost,
and nobody told.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from extraction.engines.configuration import Quantisation
from extraction.errors import EngineUnavailable
from extraction.geometry import Geometry
from extraction.hardware import CudaDevice, Hardware
from extraction.model_run import Dtype, Held, Run

SIZES: dict[Dtype, int] = {"bf16": 2, "fp16": 2, "fp32": 4}  # bytes of a number
NAMES: dict[Dtype, str] = {"bf16": "bfloat16", "fp16": "float16", "fp32": "float32"}
BITS: dict[Held, str] = {"none": "as they are", "8bit": "in 8 bits", "4bit": "in 4 bits"}
SHARE = 0.9  # of what is free: the rest is for what is not foreseen
MOST_PAGES = 32
MOST_ON_CPU = 4  # it has no arithmetic to spare for more
LEGIBLE_PIXELS = 1_400_000  # an A4 page at 120 dpi: print of 8 points is 13 pixels high
PROMPT_TOKENS = 256  # of Nanonets' instruction and what is put around it 200

FLOAT = 4  # bytes; positions, pixels and probabilities come in it whatever the format
INTEGER = 4  # bytes of a sum of products of 8-bit integers
# bitsandbytes: the scale of a row in 8 bits; in 4 bits a byte for the scale of 64 weights, and a
# float for that of 256 such scales ("double quantisation"), which on a CPU are put together again
ROW_SCALE = 4
NF4 = 0.5 + 1 / 64 + 4 / (64 * 256)
NF4_ON_CPU = 0.5 + 2 / 64
# With CUDA: workspaces of cuBLAS, and kernels, which are loaded when first used. Its context is
# gone from what is free before. To be measured on each kind of GPU.
KERNELS_BYTES = 250_000_000
# On a CPU: torch, transformers and bitsandbytes imported (414 MB, measured) and their threads.
LIBRARIES_BYTES = 600_000_000
FRAGMENTS = 0.05  # of what pages take: lost to the allocator's rounding. To be measured on a GPU.
MB, GB = 1e6, 1e9


@dataclass(frozen=True, slots=True)
class PageBytes:
    """What one page of a batch takes: its ``cache`` at full length, and all of it at each moment.

    ``activations`` is the most that is computed at one time, the cache left out.
    """

    cache: int
    looking: int
    beginning: int
    writing: int
    activations: int

    @property
    def most(self) -> int:
        """At the worst moment."""
        return max(self.looking, self.beginning, self.writing)


@dataclass(frozen=True, slots=True)
class Need:
    """What a model takes with a batch of pages, in bytes."""

    weights: int
    page: PageBytes
    overhead: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan(Run):
    """And what it takes, in bytes.

    ``page_bytes`` is what a page takes at the worst moment: less than the sum of
    ``kv_bytes_a_page`` and ``activations_bytes_a_page``, which are not at their largest at once.
    ``total_bytes`` is weights and overhead and the pages of a batch, ``budget_bytes`` what was to
    be had. ``device_name`` is the maker's. ``reasons`` are sentences for people.
    """

    device_name: str
    weights_bytes: int
    kv_bytes_a_page: int
    activations_bytes_a_page: int
    page_bytes: int
    overhead_bytes: int
    total_bytes: int
    budget_bytes: int
    reasons: tuple[str, ...]

    @property
    def summary(self) -> str:
        """The plan in a line."""
        held = self.dtype if self.quantisation == "none" else f"{self.quantisation}, {self.dtype}"
        return (
            f"{held}, batch {self.batch}, {self.max_pixels / 1e6:.1f} megapixels a page,"
            f" {self.total_bytes / GB:.1f} GB on {self.device_name}"
        )


@dataclass(frozen=True, slots=True)
class _Way:
    """A way to hold the model; ``lower``: with fewer pixels."""

    dtype: Dtype
    held: Held
    lower: bool = False


def best_device(hardware: Hardware) -> CudaDevice | None:
    """The GPU with the most free memory, None where there is none."""
    return max(hardware.devices, key=lambda each: each.free_bytes, default=None)


def budget_of(hardware: Hardware, memory_bytes: int = 0) -> int:
    """What models may take together in bytes; ``memory_bytes`` caps it, 0: it does not."""
    free = _free(hardware, best_device(hardware))
    return min(int(free * SHARE), memory_bytes or free)


def _free(hardware: Hardware, device: CudaDevice | None) -> int:
    return device.free_bytes if device else hardware.ram_available_bytes


def plan(
    geometry: Geometry,
    hardware: Hardware,
    *,
    quantisation: Quantisation = "auto",
    memory_bytes: int = 0,
    min_pixels: int,
    max_pixels: int,
    max_tokens: int,
) -> Plan:
    """The best way to hold the model on that hardware; nothing is loaded or asked.

    It is planned for the GPU with the most free memory, for the CPU where there is none.
    ``memory_bytes`` caps what the model may take, 0: 90 % of what is free. Raises
    ``EngineUnavailable`` where torch is not installed, or no way fits: ``actual`` is then what the
    smallest takes, ``limit`` what was to be had.
    """
    if not hardware.torch:
        raise EngineUnavailable("PyTorch is not installed; requirements/gpu.txt has what it takes")
    device = best_device(hardware)
    budget = budget_of(hardware, memory_bytes)
    reasons = _where(hardware, device, budget, memory_bytes)
    case = _Case(
        geometry,
        max_tokens,
        most_pages=MOST_PAGES if device else MOST_ON_CPU,
        least_pixels=min(max(min_pixels, LEGIBLE_PIXELS), max_pixels),
        max_pixels=max_pixels,
        budget=budget,
        cuda=device is not None,
    )
    smallest = 0
    for way in _ways(device, hardware, quantisation):
        batch, pixels = case.fitted(way)
        takes = case.need(way, batch, pixels)
        if takes.total > budget:
            smallest = takes.total
            if not way.lower:
                reasons.append(_too_large(way, takes))
            continue
        reasons += _how(way, takes, batch, pixels, max_pixels)
        return Plan(
            device=f"cuda:{device.index}" if device else "cpu",
            device_name=device.name if device else "the CPU",
            dtype=way.dtype,
            quantisation=way.held,
            batch=batch,
            max_pixels=pixels,
            weights_bytes=takes.weights,
            kv_bytes_a_page=takes.page.cache,
            activations_bytes_a_page=takes.page.activations,
            page_bytes=takes.page.most,
            overhead_bytes=takes.overhead,
            total_bytes=takes.total,
            budget_bytes=budget,
            reasons=tuple(reasons),
        )
    raise EngineUnavailable(
        f"the model needs {smallest / GB:.2f} GB of memory for one page, held as small as it may"
        f" be; {budget / GB:.2f} GB can be had",
        limit=budget,
        actual=smallest,
    )


@dataclass(frozen=True, slots=True)
class _Case:
    """A model on a machine."""

    geometry: Geometry
    max_tokens: int
    most_pages: int
    least_pixels: int
    max_pixels: int
    budget: int
    cuda: bool

    def need(self, way: _Way, batch: int, pixels: int) -> Need:
        """What it takes, held that way."""
        return needed(
            self.geometry,
            way.dtype,
            way.held,
            batch=batch,
            pixels=pixels,
            max_tokens=self.max_tokens,
            cuda=self.cuda,
        )

    def fitted(self, way: _Way) -> tuple[int, int]:
        """Pages at once and pixels a page, the most that fit; the least there are, if none do."""
        if way.lower:
            return 1, self._pixels(way)
        batch = self.most_pages
        while batch > 1 and self.need(way, batch, self.max_pixels).total > self.budget:
            batch -= 1
        return batch, self.max_pixels

    def _pixels(self, way: _Way) -> int:
        step = self.geometry.vision.token_side**2
        low, high = -(-self.least_pixels // step), self.max_pixels // step
        while low < high:  # halving what is between
            middle = (low + high + 1) // 2
            if self.need(way, 1, middle * step).total <= self.budget:
                low = middle
            else:
                high = middle - 1
        return min(low * step, self.max_pixels)


def _ways(
    device: CudaDevice | None, hardware: Hardware, quantisation: Quantisation
) -> Iterator[_Way]:
    """The ways to hold a model, the best first."""
    formats: tuple[Dtype, ...]
    if device:
        formats = ("bf16",) if device.bf16 else ("fp16",)
    else:
        formats = ("bf16",) if hardware.bf16 else ("fp32", "bf16")
    if quantisation in ("auto", "none"):
        yield from (_Way(dtype, "none") for dtype in formats)
    if quantisation == "none":
        yield _Way(formats[-1], "none", lower=True)
    for held in ("8bit", "4bit"):
        if quantisation in ("auto", held):
            yield _Way(formats[-1], held)
            yield _Way(formats[-1], held, lower=True)


def needed(
    geometry: Geometry,
    dtype: Dtype,
    held: Held,
    *,
    batch: int,
    pixels: int,
    max_tokens: int,
    cuda: bool,
) -> Need:
    """What the model takes, held like that, with ``batch`` pages of up to ``pixels`` each."""
    size = SIZES[dtype]
    page = page_bytes(geometry, size, held, pixels=pixels, max_tokens=max_tokens)
    overhead = KERNELS_BYTES if cuda else LIBRARIES_BYTES
    overhead += int(FRAGMENTS * batch * page.most)
    if held == "4bit":  # a map at a time is brought back to the number format
        overhead += geometry.largest_linear * size
    weights = weights_bytes(geometry, size, held, cuda=cuda)
    return Need(weights, page, overhead, weights + overhead + batch * page.most)


def weights_bytes(geometry: Geometry, size: int, held: Held, *, cuda: bool) -> int:
    """Bytes of the weights, numbers being ``size`` bytes wide.

    What is quantised are the linear maps of the text layers. The vision tower, the table of tokens,
    norms and biases stay as they are.
    """
    linear, rest = geometry.linear_parameters, geometry.parameters - geometry.linear_parameters
    if held == "8bit":
        return linear + geometry.linear_rows * ROW_SCALE + rest * size
    if held == "4bit":
        return int(linear * (NF4 if cuda else NF4_ON_CPU)) + rest * size
    return geometry.parameters * size


def page_bytes(
    geometry: Geometry, size: int, held: Held, *, pixels: int, max_tokens: int
) -> PageBytes:
    """What a page of ``pixels`` takes, numbers being ``size`` bytes wide.

    Counted from the tensors that are alive at once in transformers' model with scaled dot product
    attention, which keeps no matrix of all tokens by all but the mask of a batch.
    """
    vision = geometry.vision
    image_tokens = pixels // vision.token_side**2
    patches = image_tokens * vision.merge**2
    tokens = PROMPT_TOKENS + image_tokens
    token_cache = 2 * geometry.layers * geometry.kv_width * size
    shown = vision.patch_values * FLOAT  # a patch as the processor gives it, kept to the end

    # Looking. Queries and keys are turned by their position in floats: both, and four more while
    # that goes on. Elsewhere three of the perceptron's width, and three of the tower's.
    converted = vision.patch_values * size if size != FLOAT else 0
    angles = 2 * vision.head_dim * FLOAT
    turning = vision.hidden * (5 * size + (6 if size != FLOAT else 4) * FLOAT)
    perceptron = 3 * size * (vision.intermediate + vision.hidden)
    looking = patches * (shown + converted + angles + max(turning, perceptron))

    # Beginning. What the tower made stays. An 8-bit map sums in integers before it gives numbers.
    seen = patches * (shown + vision.hidden * size) + 2 * image_tokens * geometry.hidden * size
    inner = 3 * size
    if held == "8bit":
        inner = max(inner, 2 * size + INTEGER)
    computed = tokens * (inner * geometry.intermediate + 4 * size * geometry.hidden)
    mask = tokens * tokens * (1 + size)  # of truths, and as numbers to be added
    beginning = seen + computed + mask + tokens * token_cache

    # Writing. A layer's cache is written anew, longer, before the old is let go.
    cache = (tokens + max_tokens) * token_cache
    scores = geometry.vocabulary * (size + 3 * FLOAT)
    step = seen + scores + cache // geometry.layers
    return PageBytes(
        cache=cache,
        looking=looking,
        beginning=beginning,
        writing=step + cache,
        activations=max(looking, seen + computed + mask, step),
    )


def _where(hardware: Hardware, device: CudaDevice | None, budget: int, capped: int) -> list[str]:
    free = _free(hardware, device)
    why = "set as the cap" if capped == budget else f"of {free / GB:.1f} GB that are free"
    if device:
        more = f", the one of {len(hardware.devices)} with the most" if hardware.devices[1:] else ""
        reasons = [f"On {device.name}{more}: {budget / GB:.1f} GB can be had, {why}."]
        if not device.bf16:
            reasons.append(
                "This GPU has no bfloat16: it computes in float16, in which a model trained in"
                " bfloat16 may overflow."
            )
        return reasons
    return [
        f"No GPU that torch {hardware.torch} can use: on the CPU, which takes minutes a page with a"
        f" model of billions of parameters. {budget / GB:.1f} GB can be had, {why}."
    ]


def _too_large(way: _Way, takes: Need) -> str:
    return (
        f"Weights {BITS[way.held]} ({NAMES[way.dtype]}) take {takes.weights / GB:.2f} GB and one"
        f" page {takes.page.most / GB:.2f} GB: too much."
    )


def _how(way: _Way, takes: Need, batch: int, pixels: int, max_pixels: int) -> Iterator[str]:
    yield (
        f"Weights {BITS[way.held]} ({NAMES[way.dtype]}) take {takes.weights / GB:.2f} GB, a page"
        f" {takes.page.most / GB:.2f} GB: {batch} at once."
    )
    if pixels < max_pixels:
        yield (
            f"Pages are shown with {pixels / 1e6:.2f} megapixels instead of"
            f" {max_pixels / 1e6:.2f}: more do not fit."
        )
