"""Makes a generated document look scanned."""

from __future__ import annotations

import random
from typing import Any


def scan(
    document: Any, random: random.Random, resolutions: tuple[int, ...] = (150, 200, 200)
) -> Any:
    """The document's pages as pictures: a little turned, blurred, noisy, JPEG."""
    import cv2
    import numpy as np
    import pymupdf

    made = pymupdf.open()
    dpi = random.choice(resolutions)
    for page in document:
        pixmap = page.get_pixmap(dpi=dpi, alpha=False)
        pixels = np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.width, 3)
        turn = cv2.getRotationMatrix2D(
            (pixmap.width / 2, pixmap.height / 2), random.uniform(-1.2, 1.2), 1.0
        )
        turned = cv2.warpAffine(
            pixels, turn, (pixmap.width, pixmap.height), borderValue=(255, 255, 255)
        )
        grain = np.random.default_rng(random.randint(0, 9999))
        noise = 5 * grain.standard_normal(turned.shape[:2], np.float32) - 4
        noisy = np.clip(turned + noise[..., None], 0, 255).astype(np.uint8)
        _, jpeg = cv2.imencode(".jpg", noisy[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 78])
        new = made.new_page(width=page.rect.width, height=page.rect.height)
        new.insert_image(new.rect, stream=jpeg.tobytes())
    return made
