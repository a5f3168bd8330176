"""Bank statements: balances around a table of what was booked."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from benchmarks.field_content import fill, party, person, pick
from benchmarks.field_drawing import Sheet
from benchmarks.field_layouts import (
    Heading,
    draw_facts,
    draw_party,
    draw_table,
    draw_title,
    draw_totals,
)
from benchmarks.field_letterheads import firm, footer, letterhead
from benchmarks.field_numbers import BBAN, bic, grouped, iban
from benchmarks.field_wordings import every


def bank_statement(sheet: Sheet) -> None:
    chance, country = sheet.chance, sheet.country
    bank = party(chance, country, pick(chance, country.banks))
    own = firm(sheet, bank, prefix="", bank=False)
    y = letterhead(sheet, own)
    sheet.claim("bank_name", bank.name, bank.name)
    last = sheet.recent()
    first = last - timedelta(days=chance.choice((27, 30, 89)))
    holder = party(chance, country, person(chance, country).full if chance.random() < 0.7 else "")
    period = sheet.span(first, last)
    facts = []
    if country.code in BBAN and chance.random() < 0.9:
        number = iban(chance, country)
        printed = grouped(number) if chance.random() < 0.8 else number
        facts.append(sheet.fact("iban", printed, "iban", number))
        facts += sheet.some((0.6, sheet.fact("bic", bic(chance, country), "bic")))
    else:
        facts.append(
            sheet.fact(
                "account",
                fill(chance, chance.choice(("##########", "####-###-######", "### #######"))),
                "account_number",
            )
        )
    facts += sheet.some(
        (
            0.6,
            sheet.fact(
                "statement_number",
                fill(chance, chance.choice(("#", "##", "#/20##", "###"))),
                "statement_number",
            ),
        ),
        (0.5, sheet.day("statement_date", last + timedelta(days=1), "statement_date")),
        (0.35, sheet.fact("currency", country.currency, "currency")),
        (0.3, sheet.fact("account_holder", holder.name, "account_holder")),
        (0.75, sheet.fact("period", period)),
    )
    if any(fact.raw == period for fact in facts):
        sheet.claim_span(first, last, period)
    chance.shuffle(facts)
    left, right = sheet.margin, sheet.width / 2 + 10
    if chance.random() < 0.4:
        left, right = right, left
    y += 8 * sheet.air
    bottom = draw_party(
        sheet, left, y, holder, "", name="account_holder", address="account_holder_address"
    )
    form = chance.choice(("rows", "edges", "rows", "stacked", "grid"))
    y = (
        max(bottom, draw_facts(sheet, right, y, sheet.width / 2 - sheet.margin - 14, facts, form))
        + 10 * sheet.air
    )
    y = draw_title(sheet, sheet.margin, y, "title_bank_statement")
    _entries(sheet, y, first, last)
    sheet.truth.values.setdefault("currency", country.currency)
    footer(sheet, own)


def _entries(sheet: Sheet, y: float, first: date, last: date) -> None:
    """Opening and closing balances in or around the table of entries, and what was booked."""
    chance, hand = sheet.chance, sheet.hand
    balance = opening = Decimal(chance.randint(2000, 900000)) / 100
    days = sorted(
        first + timedelta(days=chance.randint(0, (last - first).days))
        for _ in range(chance.randint(4, 14))
    )
    texts = every("entries", sheet.language)
    running, split = chance.random() < 0.6, chance.random() < 0.55
    short = chance.choice(("", "", "%d.%m.", "%d/%m")) if sheet.country.code != "US" else ""
    rows: list[list[str]] = []
    truth: list[dict[str, object]] = []
    paid, got = Decimal(0), Decimal(0)
    for day in days:
        amount = Decimal(chance.randint(199, 180000)) / 100 * chance.choice((-1, -1, 1))
        balance += amount
        paid, got = paid + min(amount, Decimal(0)), got + max(amount, Decimal(0))
        text = f"{chance.choice(texts)} {fill(chance, chance.choice(('', '', '######', '??####')))}".strip()
        row = [hand.date(day, short), text]
        cells: dict[str, object] = {"date": day.isoformat(), "description": text}
        if split:
            row += [hand.number(-amount), ""] if amount < 0 else ["", hand.number(amount)]
            cells["debit" if amount < 0 else "credit"] = sheet.normal(abs(amount))
        else:
            row.append(f"{'-' if amount < 0 else ''}{hand.number(abs(amount))}")
            cells["amount"] = sheet.normal(amount)
        if running:
            row.append(hand.number(balance))
            cells["balance"] = sheet.normal(balance)
        rows.append(row)
        truth.append(cells)
    start = sheet.sum("opening_balance", opening, "opening_balance", matters=True)
    end = sheet.sum("closing_balance", balance, "closing_balance", matters=True)
    flows = sheet.some(
        (0.5, sheet.sum("total_debits", -paid, "total_debits")),
        (0.5, sheet.sum("total_credits", got, "total_credits")),
    )
    headings = [Heading(sheet.label("col_date"), 1.0), Heading(sheet.label("col_text"), 3.0)]
    keys = ("col_debit", "col_credit") if split else ("col_sum",)
    headings += [
        Heading(sheet.label(key), 1.1, "right")
        for key in (*keys, *(("col_balance",) if running else ()))
    ]
    wide = sheet.right - sheet.margin
    place = chance.choice(("above", "within", "around"))
    if not short:
        sheet.claim("transactions", truth, "\n".join(" ".join(filter(None, row)) for row in rows))
    if place == "above":
        y = draw_facts(
            sheet,
            sheet.margin,
            y,
            wide * 0.9,
            [start, *flows, end],
            chance.choice(("rows", "grid", "head", "edges")),
        )
        draw_table(sheet, sheet.margin, y, wide, headings, rows)
        return
    gap = [""] * (len(headings) - 3)
    if place == "within":
        sheet.said(start)
        sheet.said(end)
        rows = [["", start.label, *gap, start.raw], *rows, ["", end.label, *gap, end.raw]]
        y = draw_table(sheet, sheet.margin, y, wide, headings, rows)
        if flows:
            draw_totals(sheet, y, flows, -1)
        return
    sheet.said(start)
    sheet.text(sheet.margin, y, start.label)
    sheet.text(sheet.right, y, start.raw, align="right")
    y = draw_table(sheet, sheet.margin, y + sheet.step * 1.3, wide, headings, rows)
    draw_totals(sheet, y, [*flows, end], len(flows))
