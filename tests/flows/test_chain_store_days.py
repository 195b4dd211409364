"""The chain where the close posts store-days: each payment belongs to its store-day's line, and the line is judged."""

import pandas as pd
import pytest

from he_sync.flows import chain
from tests.flows.close_shop import DAY, opened


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    with opened(tmp_path_factory.mktemp("store_days")) as shop:
        yield shop


def chained(shop, home):
    return chain.run(shop.lake, home, DAY, shop.retailer)


def of_ledger(found):
    """Class, subject and cents of the ledger's breaks."""
    breaks = found.breaks[found.breaks["table"].isin(["gl_lines", "pos_payments"])]
    breaks = breaks[~breaks["break_class"].isin(["unsettled_payment", "tip_adjust_lost"])]
    return breaks[["break_class", "subject", "delta_cents"]].to_numpy().tolist()


def links(found):
    frames = [pd.read_parquet(path) for path in (found.out / "links").glob("*.parquet")]
    return pd.concat(frames)["rel"].value_counts().to_dict()


@pytest.fixture
def close(shop, tmp_path):
    """The date with an empty ledger, as its night pulled it too."""
    shop.anew(tmp_path)
    for name in ("ledger_lines", "ledger_elsewhere"):
        shop.change(name, lambda rows: rows.iloc[:0])
    return shop


def test_a_store_day_that_is_not_posted_is_told_once_a_tender_with_its_cents(close, tmp_path):
    """By its key; one payment that is the only one of its tender is told itself."""
    found = chained(close, tmp_path)
    told = [(subject, cents) for klass, subject, cents in of_ledger(found) if klass == "missing_gl"]
    assert len(told) == len(of_ledger(found))
    payments = close.lake.read("canonical", "payments", DAY)
    alive = payments[~payments["voided"]]
    assert sum(cents for _, cents in told) == -alive["amount_minor"].sum()
    cash = alive[(alive["kind"] == "cash") & (alive["store"] == "S001")]["amount_minor"].sum()
    key = f"{close.retailer.epicor.company}|S001|{DAY}|store_day|{close.retailer.accounts.cash}"
    assert (f"posting {key}", -cash) in told
    assert len(told) <= alive.groupby(["store", "kind"]).ngroups + alive["store"].nunique()  # Amex apart
    assert set(found.figures["unexplained_cents"].values()) == {0}


def test_after_a_balanced_close_the_ledger_has_no_exception_and_every_payment_its_line(close, tmp_path):
    close.closed()
    found = chained(close, tmp_path)
    assert of_ledger(found) == []
    alive = close.lake.read("canonical", "payments", DAY)
    assert links(found)["PS"] == int((~alive["voided"]).sum())
    assert set(found.figures["unexplained_cents"].values()) == {0}


def test_a_changed_line_is_named_by_its_key_with_its_cents(close, tmp_path):
    close.closed()
    rows = close.lake.read("close", "ledger", DAY)
    line = rows[rows["description"].str.startswith(f"HE S001 {DAY} 1150 v1") & (rows["account"] == "1150")].index[0]
    rows.loc[line, "amount_minor"] += 12_34
    close.lake.write("close", "ledger", DAY, rows)
    found = chained(close, tmp_path)
    key = f"{close.retailer.epicor.company}|S001|{DAY}|store_day|1150|v1"
    assert of_ledger(found) == [["residual_unresolved", f"posting {key}", 12_34]]
    assert set(found.figures["unexplained_cents"].values()) == {0}


def test_a_late_ticket_lacks_until_its_store_day_is_reversed_and_posted_anew(close, tmp_path):
    close.closed()
    late(close)
    lacking = chained(close, tmp_path / "before")
    assert [cents for _, _, cents in of_ledger(lacking)] == [-5_00]
    close.reopen()
    close.closed()
    found = chained(close, tmp_path / "after")
    assert of_ledger(found) == []
    assert {"v1", "v2"} <= {one.key.rpartition("|")[2] for one in close.journals("posted", "reversed")}


def late(close):
    """A ticket of the date that came after its signature, paid in cash."""
    tickets, payments = (close.lake.read("canonical", name, DAY) for name in ("tickets", "payments"))
    ticket = tickets[(tickets["store"] == "S001") & (tickets["kind"] == "Ticket") & ~tickets["voided"]].iloc[[0]]
    amounts = {"subtotal_minor": 5_00, "total_minor": 5_00, "discount_minor": 0, "tax_minor": 0, "tip_minor": 0}
    ticket = ticket.assign(ticket_id=9_999_991, public_id="9999991", gift_card_minor=0, **amounts)
    paid = payments[(payments["store"] == "S001") & (payments["kind"] == "cash")].iloc[[0]]
    paid = paid.assign(
        payment_id=9_999_992, owner="ticket 9999991", reference="9999991", amount_minor=5_00, tip_minor=0, voided=False
    )
    close.change("tickets", lambda rows: pd.concat([rows, ticket], ignore_index=True))
    close.change("payments", lambda rows: pd.concat([rows, paid], ignore_index=True))
