"""Papers that people get: payslips, bills for power, gas and water."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from benchmarks.field_content import fill, party, person, pick
from benchmarks.field_drawing import Fact, Sheet
from benchmarks.field_items import CENT
from benchmarks.field_layouts import (
    Heading,
    draw_facts,
    draw_party,
    draw_table,
    draw_title,
    draw_totals,
)
from benchmarks.field_letterheads import Firm, firm, footer, letterhead
from benchmarks.field_numbers import BBAN, grouped, iban, reference
from benchmarks.field_phrases import INVOICE_NUMBERS, SUPPLIERS
from benchmarks.field_wordings import every

# Where the number of insurance on a payslip is a person's number for everything.
PERSONAL = dict.fromkeys(("it", "nl", "pl"), "personal_number")
INCOME_TAX = {"en": 0, "de": 0, "es": 2, "it": 1, "nl": 0, "pl": 2, "ms": 2}  # which is withheld
SOCIAL_SECURITY = {"en": 1, "fr": 0, "it": 0}


def payslip(sheet: Sheet) -> None:
    chance, country = sheet.chance, sheet.country
    employer = party(chance, country)
    own = Firm(employer, (), (), (), "employer")
    worker = person(chance, country)
    day = sheet.recent()
    named = sheet.language != "pl"  # where a month alone has another ending than in a date
    period = sheet.hand.date(
        day, chance.choice(("%B %Y", "%B %Y", "%m/%Y", "%m.%Y")[0 if named else 2 :])
    )
    facts = [sheet.fact("pay_period", period, "pay_period")]
    shown = chance.random() < 0.3
    facts += sheet.some(
        (0.75, sheet.fact("employee_number", fill(chance, chance.choice(("#####", "00###", "E####", "####-#"))), "employee_number")),
        (0.55, sheet.day("pay_date", day, "pay_date")),
        (0.5, sheet.fact("social_number", fill(chance, chance.choice(("## ###### ? ###", "###########", "?? ## ## ## ?"))), PERSONAL.get(sheet.language, "social_security_number"))),
        (0.4, sheet.day("born", date(1960, 1, 1) + timedelta(days=chance.randint(0, 15000)), "date_of_birth")),
        (0.35, sheet.fact("job", chance.choice(("B2", "IT", "Team 4", "Sales", "Lager", "QA")))),
    )  # fmt: skip
    wide = sheet.right - sheet.margin
    sheet_name = sheet.fact("employee", worker.full, "employee_name")
    if shown:  # all in one block
        y = draw_title(sheet, sheet.margin, chance.uniform(28, 50), "title_payslip")
        head = [sheet.fact("employer", employer.name, "employer_name"), sheet_name]
        form = chance.choice(("rows", "grid", "stacked"))
        y = draw_facts(sheet, sheet.margin, y, wide, [*head, *facts], form) + 8
    else:
        y = letterhead(sheet, own)
        y = draw_title(sheet, sheet.margin, y + 6 * sheet.air, "title_payslip") + 4 * sheet.air
        if chance.random() < 0.6:
            home = party(chance, country, worker.full)
            bottom = draw_party(
                sheet, sheet.margin, y, home, "", name="employee_name", address="employee_address"
            )
            x = sheet.width / 2 + 10
            form = chance.choice(("rows", "edges", "grid"))
            y = max(bottom, draw_facts(sheet, x, y, sheet.right - x, facts, form)) + 10
        else:
            y = draw_facts(sheet, sheet.margin, y, wide * 0.9, [sheet_name, *facts]) + 8
    _wages(sheet, y + 4 * sheet.air, day)


def _wages(sheet: Sheet, y: float, day: date) -> None:
    chance, hand = sheet.chance, sheet.hand
    earned: list[tuple[str, Decimal]] = [
        (text, Decimal(chance.randint(5000, 90000)) / 100)
        for text in every("earnings", sheet.language)
    ]
    earned[0] = (earned[0][0], Decimal(chance.randint(150000, 620000)) / 100)
    earned = earned[: chance.randint(1, len(earned))]
    taken: list[tuple[str, Decimal]] = [
        (text, Decimal(chance.randint(800, 42000)) / 100)
        for text in every("withheld", sheet.language, sheet.country.code)
    ]
    gross, off = sum((a for _, a in earned), Decimal(0)), sum((a for _, a in taken), Decimal(0))
    wide = sheet.right - sheet.margin
    sheet.truth.open |= {"period_start", "period_end", "pay_items", "social_security"}
    for named, places in (("income_tax", INCOME_TAX), ("social_security", SOCIAL_SECURITY)):
        if sheet.language in places:
            value = taken[places[sheet.language]][1]
            sheet.claim(named, sheet.normal(value), hand.number(value))
    sheet.truth.open -= set(sheet.truth.values)
    facts = [sheet.sum("gross_pay", gross, "gross_pay"), sheet.sum("deductions", off, "total_deductions"),
             sheet.sum("net_pay", gross - off, "net_pay", matters=True)]  # fmt: skip
    sheet.claim("currency", sheet.country.currency, "")
    style = chance.choice(("beside", "joint", "list"))
    name, amount = sheet.label("col_text"), sheet.label("col_sum")
    if style == "beside":
        half = wide / 2 - 6
        look = chance.choice(("grid", "ruled", "filled"))
        headings = [Heading(name, 2), Heading(amount, 1, "right")]
        low = [
            draw_table(
                sheet, x, y, half, headings, [[t, hand.number(a)] for t, a in part], style=look
            )
            for x, part in ((sheet.margin, earned), (sheet.margin + half + 12, taken))
        ]
        y = max(low) + 8
    elif style == "joint":
        ytd = chance.random() < 0.5
        months = Decimal(day.month)
        headings = [
            Heading(name, 2.5),
            Heading(amount, 1, "right"),
            *([Heading(sheet.label("year_to_date"), 1, "right")] if ytd else []),
        ]
        rows = [
            [text, hand.number(value), *([hand.number(value * months)] if ytd else [])]
            for text, value in (*earned, *((t, -a) for t, a in taken))
        ]
        sheet.truth.open.discard("pay_items")
        truth = [
            {"description": text, "amount": sheet.normal(value)}
            | ({"year_to_date": sheet.normal(value * months)} if ytd else {})
            for text, value in (*earned, *((t, -a) for t, a in taken))
        ]
        sheet.claim("pay_items", truth, "\n".join(" ".join(row) for row in rows))
        y = draw_table(sheet, sheet.margin, y, wide, headings, rows) + 4
    else:
        for part, total in ((earned, facts[0]), (taken, facts[1])):
            rows_facts = [Fact(text, hand.number(value)) for text, value in part]
            y = draw_facts(sheet, sheet.margin, y, wide, [*rows_facts, total], "edges") + 8
        facts = facts[2:]
    form = chance.choice(("totals", "totals", "grid", "head"))
    if form == "totals":
        y = draw_totals(sheet, y, facts, len(facts) - 1)
    else:
        y = draw_facts(sheet, sheet.margin, y, wide, facts, form)
    if sheet.country.code in BBAN and chance.random() < 0.45:
        number = iban(chance, sheet.country)
        draw_facts(
            sheet,
            sheet.margin,
            y + 10,
            wide,
            [sheet.fact("iban", grouped(number), "iban", number)],
            "rows",
        )


def utility_bill(sheet: Sheet) -> None:
    chance, country = sheet.chance, sheet.country
    town = pick(chance, country.towns).title()
    name = pick(chance, SUPPLIERS[country.language]).format(
        t=town, s=pick(chance, country.surnames).split()[-1]
    )
    own = firm(sheet, party(chance, country, name))
    day = sheet.recent()
    y = letterhead(sheet, own)
    home = party(chance, country, person(chance, country).full)
    first, last = day - timedelta(days=chance.choice((33, 64, 370))), day - timedelta(days=4)
    period = sheet.span(first, last)
    meter = fill(
        chance, chance.choice(("########", "1 EMH ## ### ###", "E##-######", "### ### ###"))
    )
    unit = chance.choice(("kWh", "kWh", "m³"))
    old = chance.randint(900, 60000)
    used = chance.randint(60, 4200)
    account = chance.choice(("customer_number", "customer_number", "contract_number"))
    facts = [
        sheet.fact(account, fill(chance, chance.choice(("##########", "### ### ###", "######-##"))), account),
        sheet.fact("bill_number", reference(chance, day.year, INVOICE_NUMBERS), "invoice_number"),
        sheet.day("bill_date", day, "invoice_date"),
    ]  # fmt: skip
    facts += sheet.some(
        (0.75, sheet.fact("billing_period", period)),
        (0.7, sheet.fact("meter_number", meter, "meter_number")),
        (
            0.55,
            sheet.day("due_date", day + timedelta(days=chance.choice((14, 21, 30))), "due_date"),
        ),
    )
    if any(fact.raw == period for fact in facts):
        sheet.claim_span(first, last, period)
    half = sheet.width / 2 + 8
    address = draw_party(sheet, sheet.margin, y + 8, home, "customer")
    form = chance.choice(("rows", "edges", "grid", "stacked", "rows"))
    y = (
        max(address, draw_facts(sheet, half, y + 8, sheet.right - half, facts, form))
        + 14 * sheet.air
    )
    y = draw_title(sheet, sheet.margin, y, "title_utility_bill") + 3 * sheet.air
    if chance.random() < 0.5:
        where = home if chance.random() < 0.6 else party(chance, country, home.name)
        fact = sheet.fact("supply_address", where.address, "supply_address")
        y = draw_facts(sheet, sheet.margin, y, sheet.right - sheet.margin, [fact], "inline") + 4
    places = Decimal(old), Decimal(old + used)
    reading = [
        sheet.fact("previous_reading", sheet.hand.number(places[0], 0), "previous_reading", str(old)),
        sheet.fact("current_reading", sheet.hand.number(places[1], 0), "current_reading", str(old + used)),
        sheet.fact("consumption", f"{sheet.hand.number(Decimal(used), 0)} {unit}", "consumption", str(used)),
    ]  # fmt: skip
    if chance.random() < 0.75:
        y = (
            draw_facts(
                sheet,
                sheet.margin,
                y,
                (sheet.right - sheet.margin) * 0.9,
                reading,
                chance.choice(("rows", "head", "grid", "stacked", "inline")),
            )
            + 6
        )
    _charges(sheet, y, own, used)


def _charges(sheet: Sheet, y: float, own: Firm, used: int) -> None:
    chance, hand = sheet.chance, sheet.hand
    texts = every("charges", sheet.language)
    parts = [(text, Decimal(chance.randint(400, 9000)) / 100) for text in texts]
    parts[1] = (parts[1][0], (Decimal(used) * Decimal("0.27")).quantize(CENT, ROUND_HALF_UP))
    net = sum((a for _, a in parts), Decimal(0))
    rate = sheet.country.rates[0]
    tax = (net * Decimal(rate.replace(",", ".")) / 100).quantize(CENT, ROUND_HALF_UP)
    headings = [
        Heading(sheet.label("col_description"), 3),
        Heading(sheet.label("col_sum"), 1, "right"),
    ]
    y = draw_table(
        sheet,
        sheet.margin,
        y,
        sheet.right - sheet.margin,
        headings,
        [[t, hand.number(a)] for t, a in parts],
    )
    facts = sheet.some((0.7, sheet.sum("subtotal", net, "subtotal")))
    label = chance.choice((f"{sheet.tax} {rate} %", f"{rate}% {sheet.tax}"))
    facts.append(Fact(label, hand.money(tax), "tax_amount", sheet.normal(tax)))
    sheet.claim("tax_rate", rate.replace(",", "."), rate)
    sheet.claim("currency", sheet.country.currency, "")
    total = net + tax
    sheet.truth.open |= {"amount_due", "amount_paid"}  # other names of what is printed
    if chance.random() < 0.35:
        before = Decimal(chance.randint(1000, 20000)) / 100
        facts.append(sheet.sum("previous_balance", before, "previous_balance"))
        received = sheet.sum("payments", before)
        facts.append(Fact(received.label, f"-{received.raw}"))
    facts.append(sheet.sum("total", total, "total_amount", matters=True))
    y = draw_totals(sheet, y, facts, len(facts) - 1)
    footer(sheet, own)
