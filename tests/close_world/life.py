"""A world's life: its dates happen, each is closed by the night and by people, and every evening is held against truth.

`findings` are one line each for what is wrong: a difference missed or invented, a cent in the ledger that the documents
do not explain, an account that is not its open items, a store-day without signature. None is how it should be.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from he_sync.cli import check, house
from he_sync.connect.systems import connect
from he_sync.flows import close, night
from he_sync.flows.books import deciding, posting, proposing
from he_sync.flows.books import ledger as books_ledger
from he_sync.flows.books.clearing import clearing as rolled
from he_sync.flows.books.look import look
from he_sync.flows.books.nightly import PREPARER
from he_sync.flows.night import Office
from he_sync.flows.writers import group_id
from he_sync.model.difference import Difference
from he_sync.model.errors import HeSyncError
from he_sync.model.money import show
from he_sync.model.retailer import Approval
from he_sync.store import audit, books, effects
from he_sync.store.database import open_store
from he_sync.store.effects import QUARANTINE
from he_sync.store.lake import Lake
from tests.close_world.bank import Bank
from tests.close_world.other_side import Fact, OtherSide
from tests.close_world.proof import clearing
from tests.close_world.shape import Shape
from tests.close_world.stand_in import stand_in
from tests.flows.desk import SECOND, Clock

PEOPLE = Approval.model_validate(
    {"roles": {"controller": {}}, "people": {"cora": "controller", "carl": "controller", "dana": "controller"}}
)
LATE_STORE, LATE_MINOR, HAND_MINOR = "S002", 2_150, 1_234
MOST_POSTS = 3
Tell = Callable[[str], None]


@dataclass
class Life:
    """A world, the office that closes it, and what was found to be wrong."""

    shape: Shape
    side: OtherSide
    bank: Bank
    office: Office
    clock: Clock = field(default_factory=Clock)
    findings: list[str] = field(default_factory=list)
    counted: dict[str, int] = field(default_factory=dict)
    _unwritten: set[Fact] = field(default_factory=set)
    _seen: set[Fact] = field(default_factory=set)
    _owed: list[date] = field(default_factory=list)

    # the days

    def live(self, tell: Tell = lambda _: None) -> None:
        """All dates, one after the other."""
        for number, day in enumerate(self.shape.dates):
            self.day(number, day)
            tell(f"{day:%a %Y-%m-%d} closed, {len(self.findings)} findings")
        self._all_signed()

    def day(self, number: int, day: date) -> None:
        """A date happens, is closed in the night after it, and what else is due on it is done."""
        self._take_over(number)
        self.side.happen(day, posted_by_others=number < self.shape.by_payment)
        self._plant(number, day)
        self.bank.post(day)
        self._unwritten |= self.side.stock(day.isoformat())
        self._owed.append(day)
        if number in self.shape.outage:
            self._in_vain(day)
            return
        for one in self._owed:
            self._close(one, late_store=one == day and number in self.shape.late_store)
        self._owed.clear()
        self._after(number, day)
        self._evening(day)

    def _take_over(self, number: int) -> None:
        """From one date on it is the close that posts what the stores took."""
        retailer, by = self.side.retailer, "payments" if number < self.shape.by_payment else "store_days"
        epicor = retailer.epicor.model_copy(update={"ledger": by})
        changed = retailer.model_copy(update={"epicor": epicor, "approval": PEOPLE})
        self.office = Office(self.office.systems, self.office.store, self.office.lake, changed)

    def _plant(self, number: int, day: date) -> None:
        if number in self.shape.held:
            self.bank.keep_reserve(day)
        if number in self.shape.released:
            self.bank.pay_reserve(day)
        if number in self.shape.clocks:
            self._small_hours(day)
        if number in self.shape.closed:
            self.side.close_period(self.shape.closed[number])
        if number in self.shape.direct:
            self.side.enter_by_hand(self.office.systems, "S001", day, HAND_MINOR)
        if number - 1 in self.shape.direct:
            self.side.enter_by_hand(self.office.systems, "S001", day, -HAND_MINOR)

    def _small_hours(self, day: date) -> None:
        """In the night in which an hour comes twice, a bar sells until half past three: all of it is the old date's."""
        for cents, clock in enumerate(("05:30", "06:30", "08:30"), LATE_MINOR):
            at = f"{day + timedelta(days=1)}T{clock}:00+00:00"
            self.side.planted[str(day)].add(self.side.ring_up(self.office.systems, "S001", day, at, cents))
            self._count("sales in the small hours")

    def _in_vain(self, day: date) -> None:
        """The processor is down all night: the close says so, and leaves nothing behind that holds up the next."""
        with self.side.processor_down():
            try:
                night.compare_day(self.office, day)
            except HeSyncError as error:
                self._count("outages")
                self._unless("processor" in str(error), f"{day}: the outage is not named: {error}")
            else:
                self.findings.append(f"{day}: a close without the processor came to an end")
        self._unless(not books.of_day(self.office.store, day.isoformat()), f"{day}: journals of a night that failed")

    # one date

    def _close(self, day: date, *, late_store: bool = False) -> None:
        if late_store:
            self._without(day)
        self._night(day)
        self._books(day, day.isoformat())

    def _without(self, day: date) -> None:
        """A store's tills are off line: its store-day is not closed with the others, and the others are."""
        name = day.isoformat()
        self._count("late sales", self.side.hold_back(LATE_STORE, name))
        self._night(day, but=LATE_STORE)
        self._books(day, name, but=LATE_STORE)
        self.side.come_in()

    def _night(self, day: date, but: str = "") -> None:
        """The night's own close; everything that waits for a person is approved and written."""
        first = night.run(self.office, day, now=self.clock).report
        for one in effects.listing(self.office.store, states=["waiting_approval"]):
            effects.approve(self.office.store, one.effect.key, "dana")
        for target in night.TARGETS:
            close.push(self.office.store, self.office.systems, self.office.retailer, target, "night", self.clock)
        self._truth(day.isoformat(), first.differences, but)

    def _truth(self, day: str, found: Iterable[Difference], but: str) -> None:
        """Every planted difference in its class, and none invented; without a store's sales the next look tells."""
        ours = {(one.klass, one.subject, one.delta_minor, one.delta_milli) for one in found}
        self._seen |= ours
        if but:
            return
        due = (self.side.planted[day] - self.side.stock(day)) | self._unwritten
        self._count("planted", len(due))
        self.findings += [f"{day}: missed {fact}" for fact in sorted(due - self._seen)]
        self.findings += [f"{day}: invented {fact}" for fact in sorted(ours - due)]
        self._unwritten.clear()
        self._seen.clear()

    def _books(self, day: date, name: str, but: str = "", stores: tuple[str, ...] = ()) -> None:
        """Proposed by the night, approved and signed by two people, posted between."""
        refused = {one.store: one.refused for one in proposing.propose_day(self.office, name, PREPARER, stores)}
        self.findings += [f"{day} {code}: {why}" for code, why in refused.items() if why and code != but]
        deciding.approve_day(self.office, name, "cora", "checked against the tills", stores)
        self._post(name, stores)
        signed = deciding.sign_day(self.office, name, "carl", "looked at", stores)
        self.findings += [f"{day}: not signed: {why}" for why in signed.refused if not but or but not in why]
        self._unless(not but or but not in signed.done, f"{day}: {but} was signed before its tickets came")
        self._count("signed", len(signed.done))

    def _post(self, name: str, stores: tuple[str, ...]) -> None:
        """An answer that was late leaves a journal for the next post, after its quarantine."""
        for _ in range(MOST_POSTS):
            done = posting.post_day(self.office, name, "cora", stores, self.clock)
            if not any("close post" in one.because for one in done):
                return
            self._count("posted again")
            self.clock.forward(QUARANTINE + SECOND)

    # what comes after a signature

    def _after(self, number: int, day: date) -> None:
        if number in self.shape.altered:
            self._altered(day.isoformat())
        for about, arrival in self.shape.late_ticket:
            if arrival == number:
                self._late_ticket(self.shape.dates[about])

    def _altered(self, day: str) -> None:
        """What somebody takes out of the ledger is named with the journal, and de-certifies its store-day alone."""
        [one, *_] = books.of_day(self.office.store, day, states=["posted"])
        with self.side.taken_out(group_id(one.effect_key or "")):
            now = books_ledger.read(self.office, day)
            fell = [each for each in look(self.office, day, ledger=now) if each.standing.state != "signed"]
        told = [each.standing.because for each in fell]
        named = [each.store for each in fell] == [one.store] and one.key in told[0]
        self._unless(named, f"{day}: {one.key} left the ledger and the close says {told}")
        again = look(self.office, day, ledger=books_ledger.read(self.office, day))
        self._unless(all(each.standing.state == "signed" for each in again), f"{day}: put back, and not signed again")
        self._count("altered")

    def _late_ticket(self, day: date) -> None:
        """After the signature: de-certified by a back-fill, reopened with a reason, posted late beside what stands."""
        name, store = day.isoformat(), "S001"
        late = self.side.ring_up(self.office.systems, store, day, f"{day}T20:15:00+00:00", LATE_MINOR)
        before = {one.key for one in books.of_day(self.office.store, name)}
        found = night.run(self.office, day, now=self.clock).report.differences
        facts = {(one.klass, one.subject, one.delta_minor, one.delta_milli) for one in found}
        self.findings += [f"{name}: missed {fact}" for fact in {late} - facts]
        self.findings += [f"{name}: invented {fact}" for fact in facts - self.side.planted[name] - {late}]
        fell = [one.store for one in look(self.office, name) if one.standing.decertified]
        self._unless(fell == [store], f"{name}: a late ticket of {store} de-certified {fell}")
        deciding.reopen_day(self.office, name, "cora", "a late ticket", [store])
        self._books(day, name, stores=(store,))
        new = [one for one in books.of_day(self.office.store, name, store) if one.key not in before]
        self._unless(bool(new) and all(one.late for one in new), f"{name}: {store}'s late ticket is not marked late")
        self._count("late tickets")

    # every evening

    def _evening(self, day: date) -> None:
        """The ledger is what happened, to the cent, and clearing is its open items."""
        booked, wanted = self.side.booked(), self.side.should_stand()
        for account in sorted(booked.keys() | wanted.keys()):
            if off := booked[account] - wanted[account]:
                self.findings.append(f"{day}: {account} has {show(off)} beyond what happened")
        self._reserves(day, booked)
        days = [one.isoformat() for one in self.shape.dates if one <= day]
        for proof in clearing(self.office, days, booked):
            self._count("clearing proofs")
            self._unless(not proof.unexplained, f"{day}: {proof.text}")

    def _clearing_rolls(self) -> None:
        """The product's own proof over all dates: what differs is what was planted to stand off on that date, no more.

        Each balance is what the documents dated until then come to, and each date reads the same from itself.
        """
        days = [day.isoformat() for day in self.shape.dates]
        found, stood, booked = rolled(self.office, days[-1]).rolled, self._stood(), self.side.booked_until(days)
        for one in found:
            place, there = f"{one.date}: {one.account} {one.unit}", booked[one.date][f"{one.account}|{one.unit}"]
            off = one.differs_minor - stood[one.date, one.account, one.unit]
            self._count("accounts proven")
            self._unless(not off, f"{place} differs by {show(off)} from its open items")
            self._unless(
                one.closing_minor == there, f"{place} is proven at {one.closing_minor}, the ledger has {there}"
            )
        later, then = set(found), [one for day in days for one in rolled(self.office, day).last]
        self.findings += [f"{one} from itself, another from {days[-1]}" for one in then if one not in later]

    def _stood(self) -> Counter[tuple[str, str, str]]:
        """What stood off by date, account and store: entered by hand, or posted by others into the next month."""
        stood: Counter[tuple[str, str, str]] = Counter()
        for day in (one.isoformat() for one in self.shape.dates):
            for since, entries in self.side.by_hand.items():
                for account, code, cents in entries if since <= day else ():
                    stood[day, account, code] += cents
            for account, code, since, until, cents in self.side.misdated:
                stood[day, account, code] -= cents if since <= day < until else 0
        return stood

    def _by_hand(self, day: date, now: books_ledger.Ledger) -> None:
        """Entries past everybody are told from what the bank module and the close posted."""
        own = self.office.retailer.accounts
        rows = now.direct({own.card_clearing, own.amex_clearing, own.cash})
        found = sorted((row.account, row.store, int(row.amount_minor)) for row in rows if not _of_bank(row))
        entered = sorted(self.side.by_hand.get(day.isoformat(), []))
        self._count("entries by hand", len(entered))
        self._unless(found == entered, f"{day}: entered by hand were {entered}, named are {found}")

    def _reserves(self, day: date, booked: dict[str, int]) -> None:
        stands = {account: cents for account, cents in booked.items() if account.startswith("1160|")}
        held = {f"1160|{code}": cents for code, cents in self.bank.tranches.items()}
        self._unless(stands == held, f"{day}: the reserve account has {stands}, the processor holds {held}")

    def _all_signed(self) -> None:
        """After the last date: signatures stand over a ledger that is read anew, and each document is there once."""
        for day in self.shape.dates:
            now = books_ledger.read(self.office, day.isoformat())
            look(self.office, day.isoformat(), ledger=now)
            self._by_hand(day, now)
        self._clearing_rolls()
        first, last = self.shape.dates[0].isoformat(), self.shape.dates[-1].isoformat()
        for one in books.listing(self.office.store, first, last):
            self._unless(one.state == "signed", f"{one.business_date} {one.store} ends {one.state}: {one.because}")
        confirmed = [one.effect for one in effects.listing(self.office.store)]
        self.findings += check.once_each(self.side.state, confirmed)
        self._unless(audit.first_broken(self.office.store) is None, "the chain of the audit is broken")

    def _unless(self, fine: bool, finding: str) -> None:
        if not fine:
            self.findings.append(finding)

    def _count(self, what: str, by: int = 1) -> None:
        self.counted[what] = self.counted.get(what, 0) + by


def _of_bank(row: Any) -> bool:
    return str(row.description).startswith("BANK ")


@contextmanager
def begun(shape: Shape, folder: Path) -> Iterator[Life]:
    """A world that was born, its office open, below a folder."""
    with stand_in(folder / "sandbox", shape) as there:
        side = OtherSide(there, shape)
        settings = house.settings_of(there.environment(folder / "home"))
        with connect(settings) as systems, open_store(settings.store) as store:
            office = Office(systems, store, Lake(folder / "home" / "lake"), side.retailer)
            yield Life(shape, side, Bank(side), office)
