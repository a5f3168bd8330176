"""What is bought: lines, their table, and the sums below it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from benchmarks.field_content import GOODS, UNITS, fill, pick
from benchmarks.field_drawing import Fact, Sheet
from benchmarks.field_layouts import Heading, draw_table, draw_totals
from benchmarks.field_phrases import OF_NET

CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Item:
    """A line: what, how many, at what price before tax; ``rate`` is its tax in percent."""

    code: str
    text: str
    quantity: Decimal
    unit: str
    price: Decimal
    rate: str

    @property
    def amount(self) -> Decimal:
        return (self.quantity * self.price).quantize(CENT, ROUND_HALF_UP)


def items(
    sheet: Sheet, low: int, high: int, *, whole: bool = False, cheap: bool = False
) -> list[Item]:
    chance, language = sheet.chance, sheet.country.language
    rates = sheet.country.rates if chance.random() < 0.3 else sheet.country.rates[:1]
    goods = GOODS[language].split("|")
    made = []
    for text in chance.sample(goods, chance.randint(low, high)):
        if chance.random() < 0.2:
            text += f", {chance.choice(('Typ', 'Mod.', 'Ref.'))} {fill(chance, '??-###')}"
        quantity = Decimal(chance.randint(1, chance.choice((1, 2, 4) if cheap else (4, 12, 60))))
        if not whole and chance.random() < 0.12:
            quantity += Decimal(chance.choice(("0.5", "0.25", "0.75")))
        price = (
            Decimal(
                chance.randint(45, chance.choice((500, 900, 3000) if cheap else (900, 9000, 60000)))
            )
            / 100
        )
        code = fill(chance, chance.choice(("####", "??-####", "###.###", "A#####")))
        made.append(
            Item(code, text, quantity, pick(chance, UNITS[language]), price, chance.choice(rates))
        )
    return made


def draw_items(sheet: Sheet, y: float, lines: list[Item], kinds: str) -> float:
    """The items' table with some of the columns; claims ``line_items``.

    ``kinds`` are letters: p(osition), c(ode), t(ext), q(uantity), u(nit), e(ach), r(ate), a(mount),
    o(rdered).
    """
    chance, hand = sheet.chance, sheet.hand
    code = f" ({sheet.country.currency})" if hand.signs == "none" and chance.random() < 0.5 else ""
    signed = hand.signs == "all" and chance.random() < 0.5
    right = chance.choice(("right", "right", "center"))

    def amount(value: Decimal) -> str:
        return hand.money(value) if signed else hand.number(value)

    def count(value: Decimal) -> str:
        places = 0 if value == value.to_integral() and not decimals else 2
        return hand.number(value, places)

    decimals = chance.random() < 0.15
    rate_sign = chance.choice((" %", "%", ""))
    columns = {
        "p": (Heading(sheet.label("col_position"), 0.5), "position", lambda n, i: str(n)),
        "c": (Heading(sheet.label("col_article"), 1.1), "item_number", lambda n, i: i.code),
        "t": (Heading(sheet.label("col_description"), 3.4), "description", lambda n, i: i.text),
        "o": (Heading(sheet.label("col_ordered"), 1.1, right), "quantity_ordered", lambda n, i: count(i.quantity)),
        "q": (Heading(sheet.label("col_quantity"), 0.9, right), "quantity", lambda n, i: count(i.quantity)),
        "d": (Heading(sheet.label("col_delivered"), 1.1, right), "quantity_delivered", lambda n, i: count(i.quantity)),
        "u": (Heading(sheet.label("col_unit"), 0.75), "unit", lambda n, i: i.unit),
        "e": (Heading(sheet.label("col_unit_price") + code, 1.25, "right"), "unit_price", lambda n, i: amount(i.price)),
        "r": (Heading(sheet.label("col_tax"), 0.8, "right"), "tax_rate", lambda n, i: i.rate + rate_sign),
        "a": (Heading(sheet.label("col_amount") + code, 1.35, "right"), "amount", lambda n, i: amount(i.amount)),
    }  # fmt: skip
    chosen = [columns[letter] for letter in kinds]
    rows = [[cell(number, item) for _, _, cell in chosen] for number, item in enumerate(lines, 1)]
    normal: dict[str, Callable[[int, Item], object]] = {
        "position": lambda n, i: str(n), "item_number": lambda n, i: i.code, "description": lambda n, i: i.text,
        "quantity": lambda n, i: f"{i.quantity.normalize():f}", "quantity_ordered": lambda n, i: f"{i.quantity.normalize():f}", "quantity_delivered": lambda n, i: f"{i.quantity.normalize():f}",
        "unit": lambda n, i: i.unit,
        "unit_price": lambda n, i: sheet.normal(i.price), "tax_rate": lambda n, i: i.rate.replace(",", "."),
        "amount": lambda n, i: sheet.normal(i.amount),
    }  # fmt: skip
    truth = [
        {name: normal[name](number, item) for _, name, _ in chosen}
        for number, item in enumerate(lines, 1)
    ]
    sheet.claim("line_items", truth, "\n".join(" ".join(row) for row in rows))
    return draw_table(sheet, sheet.margin, y, sheet.right - sheet.margin,
                      [heading for heading, _, _ in chosen], rows)  # fmt: skip


def sums(sheet: Sheet, y: float, lines: list[Item]) -> float:
    """Subtotal, discount, tax by rates, total, what is paid already."""
    chance, zero = sheet.chance, Decimal(0)
    net = sum((item.amount for item in lines), zero)
    facts = []
    printed = chance.random() < 0.85
    rates = sorted({item.rate for item in lines}, reverse=True)
    less = chance.random() < 0.15 and len(rates) == 1
    more = not less and chance.random() < 0.12 and len(rates) == 1
    if less or more:
        facts.append(sheet.sum("goods_total", net))
        by = (net * Decimal("0.05")).quantize(CENT, ROUND_HALF_UP) if less else Decimal("9.90")
        change = sheet.sum("discount" if less else "shipping", by,
                           "discount_amount" if less else "shipping_amount")  # fmt: skip
        facts.append(
            Fact(change.label, "-" + change.raw if less else change.raw, change.name, change.value)
        )
        net += -by if less else by
    if printed or less or more:
        facts.append(sheet.sum("subtotal", net, "subtotal"))
    tax = zero
    for rate in rates:
        part = net if len(rates) == 1 else sum((i.amount for i in lines if i.rate == rate), zero)
        share = (part * Decimal(rate.replace(",", ".")) / 100).quantize(CENT, ROUND_HALF_UP)
        tax += share
        base = f" {OF_NET[sheet.language]} {sheet.hand.number(part)}" if len(rates) > 1 else ""
        label = chance.choice(
            (f"{sheet.tax} {rate} %", f"{rate}% {sheet.tax}", f"{sheet.tax} ({rate}%)")
        )
        one = len(rates) == 1
        facts.append(Fact(label + base, sheet.hand.money(share), "tax_amount" if one else "",
                          sheet.normal(share) if one else None))  # fmt: skip
        if one:
            sheet.claim("tax_rate", rate.replace(",", "."), rate)
    if len(rates) > 1:
        facts.append(sheet.sum("tax_total", tax, "tax_amount"))
    total = net + tax
    facts.append(sheet.sum("total", total, "total_amount", matters=True))
    strong = len(facts) - 1
    sheet.claim("currency", sheet.country.currency, "")
    sheet.truth.open.add("amount_due")  # the total may as well be called so
    if chance.random() < 0.1:
        paid = (total * Decimal("0.3")).quantize(CENT, ROUND_HALF_UP)
        facts.append(sheet.sum("prepaid", paid, "amount_paid"))
    return draw_totals(sheet, y, facts, strong)
