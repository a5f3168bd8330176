"""Bills of lading: a form of boxes, then cargo in columns, then freight and signature."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from benchmarks.field_content import COUNTRIES, Party, fill, party, pick
from benchmarks.field_drawing import Sheet
from benchmarks.field_layouts import Heading, draw_table, signature
from benchmarks.field_numbers import container

PORTS = "HAMBURG|ROTTERDAM|PORT KLANG|SINGAPORE|VALENCIA|GENOVA|LE HAVRE|GDYNIA|FELIXSTOWE|SANTOS|SHANGHAI|NHAVA SHEVA|HOUSTON, TX|ANTWERP"
CARGO = "CERAMIC TILES|STEEL COILS|FROZEN PRAWNS|COTTON YARN|MACHINE PARTS|RUBBER GLOVES|WINE IN BOTTLES|PALM OIL IN DRUMS|FURNITURE, KNOCKED DOWN|COFFEE BEANS"
SHIPS = "MV NORDERSTERN|OCEAN CALDERA|MSK ALTAIR|EVER LINDEN|CALA PICCOLA|STRAITS PIONEER|HANSA VELA|BALTIC HERON"
LINES = "Nordstern Line|Caldera Shipping Co. Ltd.|Compagnie Maritime du Levant|Straits Ocean Line Pte Ltd|Altair Container Lines"


def bill_of_lading(sheet: Sheet) -> None:
    """Mostly English, the labels of some in the country's language too."""
    chance = sheet.chance
    if sheet.language != "en" and chance.random() < 0.55:
        sheet.language = "en"
    day = sheet.recent()
    there = COUNTRIES[chance.choice(sorted(COUNTRIES))]
    shipper, consignee = party(chance, sheet.country), party(chance, there)
    notify = party(chance, there)
    loading, discharge, final = chance.sample(PORTS.split("|"), 3)
    carrier = pick(chance, LINES)
    number = fill(
        chance, chance.choice(("????########", "HLCU???########", "???/???/#####", "BL-######"))
    )
    x, middle, right = sheet.margin * 0.8, sheet.width / 2, sheet.width - sheet.margin * 0.8
    y = chance.uniform(24, 44)
    big = sheet.look.size * chance.uniform(1.3, 1.7)
    sides = [(x, "left"), (right, "right")]
    chance.shuffle(sides)
    sheet.text(sides[0][0], y, carrier, big, bold=True, align=sides[0][1], color=sheet.look.accent)
    sheet.claim("carrier", carrier, carrier)
    heading = sheet.label("title_bill_of_lading")
    for line in sheet.wrapped(heading, middle - x, big):
        sheet.text(sides[1][0], y, line, big, bold=True, align=sides[1][1])
        y += big * 1.3
    y += 8
    tall = sheet.look.size * 6.2
    left_boxes: list[tuple[str, Party | str, str]] = [
        ("shipper", shipper, "shipper"), ("consignee", consignee, "consignee"), ("notify", notify, "notify_party"),
    ]  # fmt: skip
    if chance.random() < 0.2:
        left_boxes[1] = (
            "consignee",
            f"TO ORDER OF {pick(chance, there.banks).upper()}",
            "consignee",
        )
    if chance.random() < 0.25:
        left_boxes[2] = ("notify", chance.choice(("SAME AS CONSIGNEE", "SAME AS ABOVE")), "")
    top = y
    for key, whom, name in left_boxes:
        sheet.box(x, y, middle, y + tall)
        _tag(sheet, x + 3, y + 2, key)
        at = y + sheet.look.size * 1.2
        if isinstance(whom, str):
            sheet.text(x + 5, at, whom)
            if name:
                sheet.claim(f"{name}_name", whom, whom)
        else:
            sheet.lines(
                x + 5,
                at,
                [whom.name, whom.street, whom.town, whom.phone][: chance.choice((3, 3, 4))],
            )
            sheet.claim(f"{name}_name", whom.name, whom.name)
            sheet.claim(f"{name}_address", whom.address, whom.address)
        y += tall
    booking = fill(chance, "########")
    cells = [
        [("bl_number", number, "bill_of_lading_number"), ("booking", booking, "booking_number")]
    ]
    if chance.random() < 0.4:
        cells.append([("delivery_place", final, "place_of_delivery")])
    _grid(sheet, middle, top, right - middle, cells, tall / 2.2)
    small = [
        "Received by the Carrier in apparent good order and condition from the shipper for carriage",
        "subject to the terms and conditions on the reverse hereof. One of the original Bills of",
        "Lading must be surrendered duly endorsed in exchange for the goods.",
    ]
    sheet.lines(middle + 6, top + tall * (0.55 + 0.5 * len(cells)), small, size=5.4)
    voyage = fill(chance, chance.choice(("###E", "0##W", "V.##", "????###")))
    rows = [
        [("vessel", pick(chance, SHIPS), "vessel_name"), ("voyage", voyage, "voyage_number"), ("loading_port", loading, "port_of_loading")],
        [("discharge_port", discharge, "port_of_discharge"), *([] if len(cells) > 1 or chance.random() < 0.3 else [("delivery_place", final, "place_of_delivery")])],
    ]  # fmt: skip
    y = _grid(sheet, x, y, right - x, rows, tall / 2.2)
    y = _cargo(sheet, x, y, right)
    freight = chance.choice(("FREIGHT PREPAID", "FREIGHT COLLECT"))
    sheet.text(x + 4, y, freight, bold=True)
    y += sheet.step * 1.6
    where = pick(chance, sheet.country.towns)
    board = day - timedelta(days=chance.randint(0, 3))
    end: list[tuple[str, str, str]] = []
    if chance.random() < 0.6:
        end.append(("shipped", sheet.hand.date(board), "shipped_on_board_date"))
        sheet.claim("shipped_on_board_date", board.isoformat(), sheet.hand.date(board))
    end.append(("place_issued", f"{where}, {sheet.hand.date(day)}", "issue_date"))
    y = max(y, sheet.height - chance.uniform(150, 190))
    y = _grid(sheet, x, y, right - x, [end], tall / 2.2)
    sheet.claim("issue_date", day.isoformat(), sheet.hand.date(day))
    if end[0][0] == "shipped":
        sheet.claim("shipped_on_board_date", board.isoformat(), sheet.hand.date(board))
    signature(sheet, y - 8)


def _tag(sheet: Sheet, x: float, y: float, key: str) -> None:
    """A box's small label."""
    sheet.text(x, y, sheet.label(key), sheet.look.size * 0.72, bold=sheet.look.label_bold)


def _grid(
    sheet: Sheet,
    x: float,
    y: float,
    width: float,
    rows: list[list[tuple[str, str, str]]],
    tall: float,
) -> float:
    """Rows of boxes, each a small label over a value."""
    for row in rows:
        wide = width / len(row)
        for place, (key, raw, name) in enumerate(row):
            at = x + place * wide
            sheet.box(at, y, at + wide, y + tall)
            _tag(sheet, at + 3, y + 2, key)
            sheet.text(at + 6, y + sheet.look.size * 1.2, raw)
            if name:
                sheet.claim(name, raw, raw)
        y += tall
    return y


def _cargo(sheet: Sheet, x: float, y: float, right: float) -> float:
    """Containers with their goods, weight and volume; totals of several are not on each line."""
    chance, hand = sheet.chance, sheet.hand
    count = chance.choice((1, 1, 1, 2))
    rows, weights, volumes, packs, boxes = [], Decimal(0), Decimal(0), 0, []
    truth = []
    for _ in range(count):
        weight, volume = (
            Decimal(chance.randint(20000, 260000)) / 10,
            Decimal(chance.randint(120, 660)) / 10,
        )
        pack, box = chance.randint(10, 900), container(chance)
        printed = box if chance.random() < 0.6 else f"{box[:4]} {box[4:10]}-{box[10]}"
        boxes.append((box, printed))
        goods = pick(chance, CARGO)
        kind = chance.choice(("CARTONS", "PALLETS", "BAGS", "PACKAGES"))
        rows.append([f"{printed} / {fill(chance, '??######')}", f"{pack} {kind}", f"{goods} HS {fill(chance, '####.##')}",
                     f"{hand.number(weight, 1)} KGS", f"{hand.number(volume, 2)} CBM"])  # fmt: skip
        truth.append({"packages": str(pack), "description": rows[-1][2], "gross_weight": f"{weight.normalize():f}", "measurement": f"{volume.normalize():f}"})  # fmt: skip
        weights, volumes, packs = weights + weight, volumes + volume, packs + pack
    headings = [
        Heading(f"{sheet.label('container')} / {sheet.label('seal')}", 2.0), Heading(sheet.label("packages"), 1.2),
        Heading(sheet.label("goods"), 2.6), Heading(sheet.label("gross_weight"), 1.2, "right"), Heading(sheet.label("volume"), 1.2, "right"),
    ]  # fmt: skip
    y = draw_table(
        sheet,
        x,
        y,
        right - x,
        headings,
        rows,
        style=chance.choice(("columns", "grid")),
        size=sheet.look.size * 0.86,
    )
    sheet.claim("cargo", truth, "\n".join(" ".join(row) for row in rows))
    if count == 1:
        sheet.claim("container_number", boxes[0][0], boxes[0][1])
        sheet.claim("gross_weight", f"{weights.normalize():f}", rows[0][3])
        sheet.claim("package_count", str(packs), rows[0][1])
        sheet.claim("measurement", f"{volumes.normalize():f}", rows[0][4])
    else:
        sheet.truth.open |= {"container_number", "gross_weight", "package_count", "measurement"}
    return y
