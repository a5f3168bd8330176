"""Till receipts: narrow paper, prices with tax, how it was paid."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from benchmarks.field_content import party
from benchmarks.field_drawing import Fact, Sheet
from benchmarks.field_items import CENT, Item, items
from benchmarks.field_numbers import card_number, e164, reference, tax_number
from benchmarks.field_phrases import RECEIPT_NUMBERS, THANKS


def receipt(sheet: Sheet) -> None:
    """The page is cut below the last line."""
    chance = sheet.chance
    day = sheet.recent()
    y = _shop(sheet, chance.uniform(10, 24))
    left, right = sheet.margin, sheet.right
    y = _divide(sheet, y)
    heading = sheet.label("title_receipt")
    if heading:
        lines = sheet.wrapped(heading, right - left - 4)
        bold = chance.random() < 0.5 and len(lines) == 1
        y = sheet.lines(sheet.width / 2, y, lines, bold=bold, align="center") + 2
    wording = sheet.label("receipt_number").lower()
    named = "inv" in wording or "factura" in wording
    sheet.truth.open.add("receipt_number" if named else "invoice_number")
    number = sheet.fact(
        "receipt_number",
        reference(chance, day.year, RECEIPT_NUMBERS),
        "invoice_number" if named else "receipt_number",
    )
    dated = sheet.day("receipt_date", day, "invoice_date")
    time = f"{chance.randint(8, 21):02}:{chance.randint(0, 59):02}"
    sheet.claim("transaction_time", time, time)
    clerk = sheet.fact("cashier", chance.choice(("2", "04", "Ana", "K1", "Mei", "Tom")))
    facts = [Fact(dated.label, f"{dated.raw} {time}", dated.name, dated.value)]
    if chance.random() < 0.8:
        facts.append(number)
    if chance.random() < 0.6:
        facts.append(clerk)
    meta = chance.random() < 0.7  # above the items, else at the end
    if meta:
        y = _facts(sheet, y, facts)
        y = _divide(sheet, y)
    bought = items(sheet, 1, 8, cheap=True)
    y = _lines(sheet, y, bought)
    y = _divide(sheet, y)
    y = _paid(sheet, y, bought)
    if not meta:
        y = _facts(sheet, _divide(sheet, y), facts)
    if chance.random() < 0.8:
        y += sheet.step
        sheet.text((left + right) / 2, y, THANKS[sheet.language], align="center")
        y += sheet.step
    sheet.claim("currency", sheet.country.currency, "")
    sheet.crop = (0, 0, sheet.width, min(y + 18, sheet.height))


def _divide(sheet: Sheet, y: float) -> float:
    if sheet.chance.random() < 0.6:
        mark = sheet.chance.choice("-=*-")
        count = int((sheet.right - sheet.margin) / sheet.measure(mark))
        sheet.text(sheet.margin, y, mark * count)
        return y + sheet.step
    return y + sheet.step * 0.5


def _shop(sheet: Sheet, y: float) -> float:
    """Who sells, in the middle or at the left."""
    chance = sheet.chance
    shop = party(chance, sheet.country)
    x, align = chance.choice(
        ((sheet.width / 2, "center"), (sheet.width / 2, "center"), (sheet.margin, "left"))
    )
    size = sheet.look.size * chance.choice((1.0, 1.2, 1.6))
    name = shop.name.upper() if chance.random() < 0.4 else shop.name
    lines = sheet.wrapped(name, sheet.right - sheet.margin, size * 1.1)
    y = sheet.lines(x, y, lines, size=size, bold=chance.random() < 0.7, align=align)
    sheet.claim("issuer_name", shop.name, shop.name)
    for text in (shop.street, shop.town):
        y = sheet.lines(x, y, sheet.wrapped(text, sheet.right - sheet.margin), align=align)
    sheet.claim("issuer_address", shop.address, shop.address)
    colon = sheet.look.colon or ":"
    if chance.random() < 0.6:
        fact = sheet.fact("phone", shop.phone, "issuer_phone", e164(shop.phone, sheet.country))
        sheet.said(fact)
        y = sheet.lines(x, y, [f"{fact.label}{colon} {fact.raw}"], align=align)
    if chance.random() < 0.75:
        number = tax_number(chance, sheet.country)
        value = "".join(filter(str.isalnum, number))
        fact = sheet.fact("vat", number, "vat_number", value)
        sheet.said(fact)
        y = sheet.lines(x, y, [f"{fact.label}{colon} {fact.raw}"], align=align)
    return y + 3


def _facts(sheet: Sheet, y: float, facts: list[Fact]) -> float:
    """Facts a line each, two in a line, or values at the right."""
    chance, colon = sheet.chance, sheet.look.colon
    style = chance.choice(("lines", "lines", "edges", "pairs"))
    for fact in facts:
        sheet.said(fact)
    if style == "pairs" and len(facts) > 1:
        texts = [f"{f.label}{colon} {f.raw}".strip(": ") for f in facts[:2]]
        if sheet.measure("  ".join(texts)) < sheet.right - sheet.margin:
            sheet.text(sheet.margin, y, texts[0])
            sheet.text(sheet.right, y, texts[1], align="right")
            y, facts = y + sheet.step, facts[2:]
    for fact in facts:
        if style == "edges" and fact.label:
            sheet.text(sheet.margin, y, f"{fact.label}{colon}")
            sheet.text(sheet.right, y, fact.raw, align="right")
        else:
            sheet.text(sheet.margin, y, f"{fact.label}{colon} {fact.raw}".lstrip(": "))
        y += sheet.step
    return y


def _lines(sheet: Sheet, y: float, lines: list[Item]) -> float:
    """What was bought: name and amount, with the count before, beneath or in a column."""
    chance, hand = sheet.chance, sheet.hand
    style = chance.choice(("beneath", "before", "columns", "bare"))
    room = sheet.right - sheet.margin - sheet.measure("00.000,00 A ")
    letter = chance.random() < 0.3
    if style == "columns":
        texts = (
            f"{sheet.label('col_quantity')} {sheet.label('col_description')}",
            sheet.label("col_amount"),
        )
        sheet.text(sheet.margin, y, texts[0])
        if sheet.measure(" ".join(texts)) < sheet.right - sheet.margin:
            sheet.text(sheet.right, y, texts[1], align="right")
        y += sheet.step
    truth = []
    for item in lines:
        count = f"{item.quantity.normalize():f}"
        text = {"before": f"{count} x {item.text}", "columns": f"{count}  {item.text}"}.get(
            style, item.text
        )
        suffix = (" A" if item.rate == sheet.country.rates[0] else " B") if letter else ""
        wrapped = sheet.wrapped(text, room)
        for part in wrapped[:-1]:
            sheet.text(sheet.margin, y, part)
            y += sheet.step
        sheet.text(sheet.margin, y, wrapped[-1])
        row: dict[str, object] = {"description": item.text, "amount": sheet.normal(item.amount)}
        if style == "beneath":
            y += sheet.step
            sheet.text(
                sheet.margin + 12,
                y,
                f"{hand.number(item.quantity, 0 if item.quantity % 1 == 0 else 2)} x {hand.number(item.price)}",
            )
            row["unit_price"] = sheet.normal(item.price)
        if style != "bare":
            row["quantity"] = count
        sheet.text(sheet.right, y, hand.number(item.amount) + suffix, align="right")
        y += sheet.step
        truth.append(row)
    sheet.claim("line_items", truth, "\n".join(item.text for item in lines))
    return y


def _paid(sheet: Sheet, y: float, lines: list[Item]) -> float:
    chance, hand = sheet.chance, sheet.hand
    total = sum((item.amount for item in lines), Decimal(0))
    facts: list[tuple[Fact, bool]] = []
    sheet.truth.open.add("payment_method")
    rates = sorted({item.rate for item in lines}, reverse=True)
    taxes = []
    for rate in rates:
        gross = sum((i.amount for i in lines if i.rate == rate), Decimal(0))
        share = Decimal(rate.replace(",", ".")) / 100
        taxes.append((rate, gross, (gross * share / (1 + share)).quantize(CENT, ROUND_HALF_UP)))
    tax = sum((t for _, _, t in taxes), Decimal(0))
    shown = chance.choice(("none", "lines", "summary", "net"))
    if shown == "net":
        facts.append((sheet.sum("subtotal", total - tax, "subtotal"), False))
        facts.append((sheet.sum("tax_total", tax, "tax_amount"), False))
    facts.append((sheet.sum("total", total, "total_amount", matters=True), True))
    if chance.random() < 0.55:
        given = (total / 10).to_integral(ROUND_HALF_UP) * 10 + 10
        facts.append((sheet.sum("cash", given, "amount_paid"), False))
        facts.append((sheet.sum("change", given - total, "change_amount"), False))
    else:
        facts.append((sheet.sum("card", total), False))
        number = card_number(chance)
        sheet.truth.open |= {"amount_paid", "payment_card"}
        facts.append(
            (Fact("", f"{chance.choice(('****', 'XXXX', '#### ####'))} {number[-4:]}"), False)
        )
    for fact, strong in facts:
        sheet.said(fact)
        size = sheet.look.size * (1.3 if strong and large(sheet) else 1.0)
        label = fact.label + (sheet.look.colon if fact.label else "")
        sheet.text(sheet.margin, y, label, size, bold=strong)
        if sheet.measure(f"{label} {fact.raw}", size, bold=strong) > sheet.right - sheet.margin:
            y += size * 1.3
        sheet.text(sheet.right, y, fact.raw, size, bold=strong, align="right")
        y += size * 1.3
    if shown == "summary":
        y = _divide(sheet, y)
        for place, (rate, gross, part) in enumerate(taxes):
            texts = (
                "AB"[place],
                f"{rate}%",
                hand.number(gross - part),
                hand.number(part),
                hand.number(gross),
            )
            step = (sheet.right - sheet.margin) / 5
            for n, text in enumerate(texts):
                sheet.text(sheet.margin + (n + 1) * step, y, text, align="right")
            y += sheet.step
    if shown == "lines":
        for rate, _, part in taxes:
            sheet.text(sheet.margin, y, f"{sheet.tax} {rate}%{sheet.look.colon}")
            sheet.text(sheet.right, y, hand.number(part), align="right")
            y += sheet.step
    if shown in ("lines", "summary"):
        if len(taxes) == 1:
            sheet.claim("tax_amount", sheet.normal(tax), hand.number(tax))
        else:
            sheet.truth.open.add("tax_amount")
        if shown == "summary":
            sheet.truth.open.add("subtotal")
    if len(taxes) == 1 and shown in ("lines", "summary"):
        sheet.claim("tax_rate", taxes[0][0].replace(",", "."), taxes[0][0])
    return y


def large(sheet: Sheet) -> bool:
    """Whether this receipt's total is set larger: the same each time."""
    return sheet.look.label_bold or sheet.look.label_size < 0.9
