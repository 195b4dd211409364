"""The page: verdict, figures, waterfall, identities, causes with their worth, ageing, matches, each cause opened."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from he_sync.model.money import show
from he_sync.reconcile.report import charts
from he_sync.reconcile.report.cells import eaches, money, percent, row, table, words
from he_sync.reconcile.report.facts import DETAIL, Facts, Kind
from he_sync.reconcile.report.style import STYLE

IDENTITIES = {
    "gl_minus_pos": "Ledger less POS payments",
    "settled_minus_pos_card": "Settled less card payments",
    "fees_minus_schedule": "Fees charged less contract",
    "bank_minus_expected": "Bank less expected deposits",
}
RELATIONS = {
    "VO": "Voids to their sales",
    "PL": "Card payments to settlement lines",
    "LB": "Settlement lines to batches",
    "BD": "Batches to bank lines",
    "LD": "Settlement lines to bank lines",
    "PG": "Payments to ledger postings",
    "PS": "Payments to day summaries",
    "DG": "Bank lines to the ledger",
}


def render(facts: Facts) -> str:
    """The whole page as HTML."""
    parts = (_head(facts), _tiles(facts), _waterfall(facts), _identities(facts), _classes(facts), _ageing(facts))
    rest = (_matches(facts), _accounts(facts), _drill_down(facts), _footer(facts))
    body = "\n".join(part for section in (*parts, *rest) for part in section)
    title = f"Settlements {escape(facts.folder)}"
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>{STYLE}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _head(facts: Facts) -> Iterator[str]:
    figures = facts.figures
    span = f"{facts.first} to {facts.last}" if facts.first else "no payments"
    yield f"<header><h1>Settlements against the ledger</h1><p>{escape(facts.folder)} · business dates {span} · "
    yield f"bank statement to {figures['as_of']} · amounts in {facts.currency}"
    if len(facts.currencies) > 1:
        yield f", from {', '.join(map(escape, facts.currencies))} at the day's rate; breaks as recorded"
    yield "</p></header>"
    open_ones = [IDENTITIES.get(name, name) for name, cents in figures["unexplained_cents"].items() if cents]
    count = len(figures["unexplained_cents"])
    text = f"Every cent is explained: {count} of {count} identities close to 0.00."
    if open_ones:
        text = f"Does not close: {escape(', '.join(open_ones))}. Look here first."
    yield f'<p class="verdict{" open" if open_ones else ""}">{text}</p>'


def _tiles(facts: Facts) -> Iterator[str]:
    kinds = [kind for kind in facts.kinds if not kind.is_stock]
    total = {step.name: step.cents for step in facts.waterfall}
    worth = show(sum(kind.worth for kind in kinds), facts.currency)
    count = sum(kind.count for kind in kinds)
    stock = sum(kind.count for kind in facts.kinds if kind.is_stock)
    fees, sales = total["Fees"], total["Card sales"]
    rate = f"{-fees / sales:.2%} of sales" if sales else "no sales"
    tiles = [
        ("Card sales", show(sales, facts.currency), "gross"),
        ("Fees", show(fees, facts.currency).replace("-", "\N{MINUS SIGN}"), rate),
        ("Bank", show(total["Bank"], facts.currency), "all statement lines"),
        ("Exceptions", f"{count:,}", f"worth {worth}"),
        ("Ambiguous", percent(facts.figures["ambiguous_share"]), "of links are suggested"),
        *([("Stock differences", f"{stock:,}", "items at a location")] if stock else []),
    ]
    cells = "".join(f"<div><dt>{name}</dt><dd>{value}<small>{note}</small></dd></div>" for name, value, note in tiles)
    yield f'<dl class="tiles">{cells}</dl>'


def _waterfall(facts: Facts) -> Iterator[str]:
    yield "<h2>From sales to the bank</h2>"
    bars = charts.waterfall_bars(facts.waterfall)
    rows = (
        row(
            f'{step.name}<small>{step.note}</small><span class="narrow">{bar}</span>',
            bar,
            "#" + money(step.cents, facts.currency),
            kind="total" if step.is_total else "",
        )
        for step, bar in zip(facts.waterfall, bars, strict=True)
    )
    yield table(
        "Each step is added to the one above; the steps make the totals exactly.",
        ("Step", "|Bar", "#Amount"),
        rows,
        "steps",
    )


def _identities(facts: Facts) -> Iterator[str]:
    yield "<h2>What must be nothing</h2>"
    rows = (
        row(
            IDENTITIES.get(name, name) + (f"<small>{currency}</small>" if len(currencies) > 1 else ""),
            "#" + money(one["difference"], currency),
            "#" + money(one["explained"], currency),
            "#" + money(one["unexplained"], currency),
            _state(good=not one["unexplained"]),
        )
        for name, currencies in facts.figures["identities"].items()
        for currency, one in currencies.items()
    )
    heads = ("Identity", "#Difference", "#Explained", "#Unexplained", "State")
    yield table("A difference is explained by the exceptions below, or it is an exception itself.", heads, rows)


def _state(*, good: bool) -> str:
    return '<span class="state good">✓ closes</span>' if good else '<span class="state bad">✗ open</span>'


def _classes(facts: Facts) -> Iterator[str]:
    yield "<h2>Exceptions by cause</h2>"
    kinds = [kind for kind in facts.kinds if not kind.is_stock]
    if not facts.kinds:
        yield '<p class="note">None.</p>'
    most = max((kind.worth for kind in kinds), default=0)
    rows = (
        row(
            _linked(kind),
            charts.share_bar(kind.worth, most),
            f"#{kind.count:,}",
            "#" + money(kind.cents, facts.currency),
            "#" + show(kind.worth, facts.currency),
            f"#{kind.oldest} d",
        )
        for kind in kinds
    )
    if kinds:
        heads = ("Cause", "|Share of worth", "#Count", "#Net", "#Worth", "#Oldest")
        yield table("Worth adds amounts without their sign, so that an excess does not hide a shortage.", heads, rows)
    stock = [kind for kind in facts.kinds if kind.is_stock]
    if stock:
        rows = (row(_linked(kind), f"#{kind.count:,}", f"#{eaches(kind.cents)}", f"#{kind.worth:,}") for kind in stock)
        yield table("Stock, counted in eaches: POS less ERP.", ("Cause", "#Items", "#Net", "#Absolute"), rows)


def _linked(kind: Kind) -> str:
    return f'<a href="#{escape(kind.name)}">{escape(words(kind.name))}</a><small>{escape(kind.action)}</small>'


def _ageing(facts: Facts) -> Iterator[str]:
    if not facts.by_day:
        return
    yield '<div class="two"><section><h2>Ageing</h2>'
    most = max(count for _, count, _ in facts.ageing)
    rows = (
        row(f"{label} days", charts.share_bar(count, most), f"#{count:,}", "#" + show(cents, facts.currency))
        for label, count, cents in facts.ageing
    )
    yield table(f"Age on {facts.figures['as_of']}.", ("Age", "|Share", "#Count", "#Worth"), rows)
    yield "</section><section><h2>When they arose</h2>"
    first, last = min(facts.by_day), max(facts.by_day)
    top = max(facts.by_day, key=lambda day: (facts.by_day[day], day))
    title = f"Exceptions by day, {first} to {last}; most on {top}: {facts.by_day[top]}"
    yield charts.days(facts.by_day, title)
    yield f'<p class="ends"><span>{first}</span><span>most: {facts.by_day[top]} on {top}</span><span>{last}</span></p>'
    yield "</section></div>"


def _matches(facts: Facts) -> Iterator[str]:
    yield '<div class="two"><section><h2>Matches</h2>'
    rates, unsure, links = (facts.figures[name] for name in ("match_rates", "ambiguous", "links"))
    rows = (
        row(
            RELATIONS[name],
            f"#{links[name]:,}",
            "#" + (percent(rates[name]) if name in rates else ""),
            "#" + percent(unsure.get(name, 0.0)),
        )
        for name in RELATIONS
        if links.get(name)
    )
    yield table("Ambiguous: several partners fit equally, so that the link is only suggested.",
                ("Relation", "#Links", "#Matched", "#Ambiguous"), rows)  # fmt: skip
    yield "</section>"


def _accounts(facts: Facts) -> Iterator[str]:
    yield "<section><h2>Bank accounts</h2>"
    rows = (
        row(f"{one.number}{_of(one.currency, facts)}", f"#{one.lines:,}", "#" + money(one.cents, one.currency),
            f"#{one.lines - one.posted:,}", "#" + money(one.open_cents, one.currency))
        for one in facts.accounts
    )  # fmt: skip
    heads = ("Account", "#Lines", "#Amount", "#Unposted", "#Amount")
    yield table("Statement lines and those without a posting.", heads, rows)
    yield "</section></div>"


def _of(currency: str, facts: Facts) -> str:
    """Which currency, where there are several."""
    return f"<small>{escape(currency)}</small>" if len(facts.currencies) > 1 else ""


def _drill_down(facts: Facts) -> Iterator[str]:
    if facts.kinds:
        yield "<h2>Each cause opened</h2>"
    for kind in facts.kinds:
        shown = facts.details[kind.name]
        total = f"{eaches(kind.cents)} eaches" if kind.is_stock else money(kind.cents, facts.currency)
        yield f'<details id="{escape(kind.name)}"><summary><h3>{escape(words(kind.name))}</h3>'
        yield f'<small>{kind.count:,} in {escape(kind.table)}</small><span class="n">{total}</span></summary>'
        amounts = [eaches(one.cents) if kind.is_stock else money(one.cents, facts.currency) for one in shown]
        rows = (
            row(str(one.record or "none"), str(one.related or ""), f"#{amount}", f"#{one.age} d",
                f"#{one.confidence:.0%}", escape(one.evidence))
            for one, amount in zip(shown, amounts, strict=True)
        )  # fmt: skip
        part = f"The {DETAIL} weightiest of {kind.count:,}" if kind.count > DETAIL else f"All {kind.count}"
        heads = ("Record", "Related", "#Delta", "#Age", "#Sure", "Evidence")
        yield table(f"{part}; next: {escape(kind.action)}.", heads, rows) + "</details>"


def _footer(facts: Facts) -> Iterator[str]:
    versions = [("rules", facts.figures["rules_version"] or "built in"), *facts.figures["data_versions"].items()]
    items = "".join(f"<dt>{escape(name)}</dt><dd><code>{escape(str(value))}</code></dd>" for name, value in versions)
    yield "<footer><h2>Versions</h2><p>The same files and rules give this report again, byte for byte.</p>"
    yield f"<dl>{items}</dl></footer>"
