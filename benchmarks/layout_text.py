"""Bodies of pages that are running text: columns, bands, side notes, lists, figures, notes.

Lengths are points, origin top left.
"""

from __future__ import annotations

from benchmarks.layout_drawing import (
    Pen,
    Truth,
    bullets,
    figure,
    fill,
    footnotes,
    paragraph,
    title,
)


def bounds(pen: Pen) -> tuple[float, float, float, float]:
    s = pen.style
    return s.left, s.top, s.width - s.right, s.height - s.bottom


def single(pen: Pen, number: int) -> None:
    x, y, right, bottom = bounds(pen)
    width = right - x
    if number == 1:
        y = title(pen, x, y, width, 1)
    numbered = pen.random.random() < 0.5
    section = 0
    while y < bottom - 130:
        section += 1
        level = 2 if pen.random.random() < 0.7 or section == 1 else 3
        label = f"{number}.{section}" if numbered else ""
        y = title(pen, x, y, width, level, label)
        y = paragraph(pen, x, y, width)
        if y < bottom - 60:
            y = paragraph(pen, x, y, width, 15, 45)


def columns(pen: Pen, number: int, count: int = 2) -> None:
    x, y, right, bottom = bounds(pen)
    gutter = pen.style.gutter
    width = (right - x - gutter * (count - 1)) / count
    if number == 1:
        y = title(pen, x, y, right - x, 1)
        if pen.random.random() < 0.5:
            y = paragraph(pen, x + 20, y, right - x - 40, 30, 50) + 6
    notes_in = pen.random.randrange(count) if pen.random.random() < 0.5 else -1
    for column in range(count):
        left, end = x + column * (width + gutter), bottom
        pen.group = f"column{column}"
        held: list[Truth] = []
        if column == notes_in:
            end = footnotes(pen, left, width, bottom)
            held = [b for b in pen.truth.blocks if b.kind == "footnote"]
            pen.truth.blocks = [b for b in pen.truth.blocks if b.kind != "footnote"]
        at = y
        if pen.random.random() < 0.6:
            at = title(pen, left, at - 6, width, 2)
        at = fill(pen, left, at, width, at + (end - at) * pen.random.uniform(0.4, 0.6))
        if pen.random.random() < 0.4 and end - at > 230:
            at = figure(pen, left, at, width, column + 1, 90)
        elif pen.random.random() < 0.5 and end - at > 90:
            at = title(pen, left, at, width, 2)
        last = pen.random.uniform(0.55, 1) if column == count - 1 else 1.0
        fill(pen, left, at, width, at + (end - at) * last)
        pen.truth.blocks += [Truth(b.kind, b.text, b.level, "notes") for b in held]
    names = [f"column{c}" for c in range(count)]
    pen.truth.orders = [["main", *names, "notes"]]
    if notes_in >= 0:
        pen.truth.orders.append(["main", *names[: notes_in + 1], "notes", *names[notes_in + 1 :]])


def three(pen: Pen, number: int) -> None:
    columns(pen, number, 3)


def bands(pen: Pen, number: int) -> None:
    """One, two, three columns one below the other, parted by titles or by little white."""
    x, y, right, bottom = bounds(pen)
    counts = [1, 2, pen.random.choice((1, 3)), 2]
    pen.random.shuffle(counts)
    height = (bottom - y) / len(counts)
    for index, count in enumerate(counts):
        end = y + height
        at = title(pen, x, y - 4, right - x, 2) if pen.random.random() < 0.6 else y
        gutter = pen.style.gutter
        width = (right - x - gutter * (count - 1)) / count
        lowest = at
        for column in range(count):
            lowest = max(lowest, fill(pen, x + column * (width + gutter), at, width, end - 6))
        y = lowest + pen.style.size * pen.random.uniform(0.3, 1.5)
        if y > bottom - 70 or index == len(counts) - 1:
            break
        height = (bottom - y) / (len(counts) - 1 - index)


def sidebar(pen: Pen, number: int) -> None:
    x, y, right, bottom = bounds(pen)
    share = pen.random.uniform(0.2, 0.31)
    gutter = pen.style.gutter
    narrow = (right - x) * share
    wide = right - x - narrow - gutter
    on_left = pen.random.random() < 0.5
    main_x, side_x = (x + narrow + gutter, x) if on_left else (x, x + wide + gutter)
    if number == 1:
        y = title(pen, x, y, right - x, 1)
    side_y = y + pen.random.uniform(0, 60)
    if pen.random.random() < 0.5:
        tint = (0.93, 0.94, 0.88)
        pen.page.draw_rect(
            (side_x - 5, side_y - 6, side_x + narrow + 5, bottom), fill=tint, color=tint
        )
    pen.group = "side"
    size = pen.style.size * pen.random.uniform(0.8, 1.0)
    at = side_y
    text = pen.phrase(2, 4)
    pen.note("title", text, 2)
    at = pen.flow(side_x, at, narrow, text, size=size * 1.25, font=pen.style.bold, align="left") + 4
    for _ in range(pen.random.randint(2, 4)):
        text = pen.words(10, 24)
        pen.note("paragraph", text)
        at = pen.flow(side_x, at, narrow, text, size=size, align="left") + size
        if at > bottom - 90:
            break
    pen.group = "text"
    at = y
    while at < bottom - 80:
        if pen.random.random() < 0.4:
            at = title(pen, main_x, at, wide, 2)
        at = paragraph(pen, main_x, at, wide, 20, 50)
    pen.truth.orders = [["main", "side", "text"], ["main", "text", "side"]]


def lists(pen: Pen, number: int) -> None:
    x, y, right, bottom = bounds(pen)
    width = right - x
    y = title(pen, x, y, width, 1 if number == 1 else 2)
    while y < bottom - 150:
        y = paragraph(pen, x, y, width, 12, 35)
        y = bullets(pen, x, y, width, depth=pen.random.choice((1, 2)))


def figures(pen: Pen, number: int) -> None:
    x, y, right, bottom = bounds(pen)
    width = right - x
    y = title(pen, x, y, width, 2)
    count = 0
    while y < bottom - 240:
        y = paragraph(pen, x, y, width, 20, 50)
        count += 1
        if pen.random.random() < 0.3:
            half = (width - 24) / 2
            one = figure(pen, x, y, half, count, 100)
            two = figure(pen, x + half + 24, y, half, count + 1, 100)
            count, y = count + 1, max(one, two)
        else:
            y = figure(pen, x + 0.1 * width, y, 0.8 * width, count)
    paragraph(pen, x, y, width, 15, 30)


def notes(pen: Pen, number: int) -> None:
    x, y, right, bottom = bounds(pen)
    before = len(pen.truth.blocks)
    end = footnotes(pen, x, right - x, bottom)
    held, pen.truth.blocks = pen.truth.blocks[before:], pen.truth.blocks[:before]
    if number == 1:
        y = title(pen, x, y, right - x, 1)
    fill(pen, x, y, right - x, end - pen.random.uniform(0, 80))
    pen.truth.blocks += held


def book(pen: Pen, number: int) -> None:
    """Running text; sections begin on some pages only."""
    x, y, right, bottom = bounds(pen)
    if number == 1:
        y = title(pen, x, y, right - x, 1)
    elif pen.random.random() < 0.5:
        y = title(pen, x, y, right - x, 2)
    y = fill(pen, x, y, right - x, y + (bottom - y) * pen.random.uniform(0.3, 0.7))
    if pen.random.random() < 0.5 and bottom - y > 100:
        y = title(pen, x, y, right - x, 2)
    fill(pen, x, y, right - x, bottom)
