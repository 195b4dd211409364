"""The report says what the run found, adds up to the cent, and needs nothing but itself to be read by anyone."""

from datetime import date
from html.parser import HTMLParser

import pytest

from he_sync.reconcile import runs
from he_sync.reconcile.given import open_books
from he_sync.reconcile.report import cells, charts, page
from he_sync.reconcile.report.facts import gather
from he_sync.reconcile.report.waterfall import Step, steps
from tests.reconcile.folder import FILES, MONDAY, TERMS, TUESDAY, changed, with_column, write


class Page(HTMLParser):
    """Tags with their attributes, and the tables as rows of texts."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.tables, self._cell, self._open = [], [], None, []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "line", "rect", "br"):
            self._open.append(tag)
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("th", "td"):
            self.tables[-1][-1].append("")

    def handle_endtag(self, tag):
        if tag not in ("line", "rect"):
            assert self._open.pop() == tag, f"{tag} closes what is not open"

    def handle_data(self, data):
        if {"th", "td"} & set(self._open) and "small" not in self._open:
            self.tables[-1][-1][-1] += data


def reported(tmp_path, files=None, terms=None):
    figures = runs.settlements(write(tmp_path / "in", "csv", files, terms), tmp_path / "out")
    return figures, (tmp_path / "out/report.html").read_text(encoding="utf-8")


SHORT = changed("bank_lines", 1, "amount_cents", 2900)
NOT_POSTED = {"gl_lines": (FILES["gl_lines"][0], FILES["gl_lines"][1][1:])}


def test_a_break_is_told_with_its_worth_its_evidence_and_what_to_do(tmp_path):
    figures, text = reported(tmp_path, NOT_POSTED)
    assert figures["breaks"] == {"missing_gl": 1}
    cells = [row for table in Page(text).tables for row in table]
    assert ["Missing ledger posting", "", "1", "−10.00", "10.00", "1 d"] in cells  # noqa: RUF001 - the sign that is printed
    assert "post the payment to the ledger" in text
    assert any(row[0] == "100" for row in cells)


def test_the_page_needs_no_script_and_no_other_file_and_every_table_has_caption_and_heads(tmp_path):
    _, text = reported(tmp_path, SHORT)
    tags = Page(text).tags
    assert not {"script", "link", "img", "iframe"} & {tag for tag, _ in tags}
    assert not [
        value for _, attrs in tags for name, value in attrs.items() if name in ("src", "style") or "//" in (value or "")
    ]
    count = {name: sum(tag == name for tag, _ in tags) for name in ("table", "caption", "thead", "h1")}
    assert count["table"] == count["caption"] == count["thead"]
    assert count["h1"] == 1
    assert all(attrs.get("scope") in ("col", "row") for tag, attrs in tags if tag == "th")
    assert ("html", {"lang": "en"}) in tags
    assert all("aria-hidden" in attrs or "aria-label" in attrs for tag, attrs in tags if tag == "svg")


def test_texts_of_others_are_shown_and_never_run(tmp_path):
    _, text = reported(
        tmp_path,
        {"bank_lines": (FILES["bank_lines"][0], [*FILES["bank_lines"][1], (402, 9001, TUESDAY, 777, "<b onload=x>&")])},
    )
    assert "<b onload" not in text


@pytest.mark.parametrize("files", [{}, SHORT, {"bank_lines": (FILES["bank_lines"][0], [])}])
def test_the_steps_from_sales_to_the_bank_add_up_to_the_cent(tmp_path, files):
    with open_books(write(tmp_path, "csv", files)) as books:
        found = steps(books, {"short_deposit": -23} if files is SHORT else {})
    level = 0
    for step in found:
        level = level if step.is_total else level + step.cents
        if step.is_total:
            assert step.cents == level, step.name
    assert found[-1].cents == sum(row[3] for row in files.get("bank_lines", FILES["bank_lines"])[1])


def test_each_step_is_what_the_processor_and_the_bank_stated(tmp_path):
    """The rest takes up what others leave, so that a wrong step would not show in the total."""
    with open_books(write(tmp_path, "csv", FILES)) as books:
        found = {step.name: step.cents for step in steps(books, {})}
        ((sold, fees),) = books.connection.execute(
            "SELECT sum(gross_cents) FILTER (type = 'SALE'), -sum(fee_cents) FROM settlement_lines"
        ).fetchall()
        ((bank,),) = books.connection.execute("SELECT sum(amount_cents) FROM bank_lines").fetchall()
    assert (found["Card sales"], found["Fees"], found["Bank"]) == (sold, fees, bank)
    assert fees < 0


def test_other_currencies_are_counted_at_the_rate_of_their_day(tmp_path):
    euros = with_column("bank_lines", "currency", ["EUR", "USD"])
    rates = {"rates": ("currency rate_date rate", [("EUR", MONDAY, "1.5"), ("EUR", date(2025, 3, 1), "9.0")])}
    with open_books(write(tmp_path, "csv", euros | rates, TERMS)) as books:
        found = {step.name: step.cents for step in steps(books, {"short_deposit": -23})}
    assert "Short deposits" not in found  # a break carries no currency, so that it cannot be counted apart
    assert "Not on the statement, exchange" in found
    assert found["Bank"] == 4385 + 500  # 29.23 EUR at 1.5 is 43.845, half away from zero


def test_bars_start_where_the_one_before_ended():
    bars = charts.waterfall_bars([Step("sales", 1000), Step("fees", -250), Step("net", 750, is_total=True)])
    assert 'class="up" x="0.0" y="2" width="1000.0"' in bars[0]
    assert 'class="down" x="750.0" y="2" width="250.0"' in bars[1]
    assert 'class="total" x="0.0" y="2" width="750.0"' in bars[2]


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "0.00 %"), (1.0, "100.00 %"), (0.99999, "over 99.95 %"), (0.00001, "under 0.05 %"), (0.5, "50.00 %")],
)
def test_a_percentage_never_hides_the_last_one(share, text):
    assert cells.percent(share) == text


def test_what_does_not_close_is_said_before_everything_else(tmp_path):
    figures, _ = reported(tmp_path)
    with open_books(tmp_path / "in") as books:
        figures["unexplained_cents"]["gl_minus_pos"] = 1
        text = page.render(gather(books, tmp_path / "out", figures))
    assert "Does not close: Ledger less POS payments. Look here first." in text
