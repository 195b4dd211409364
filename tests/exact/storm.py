"""A storm: real processes, seeded faults, then calm, then the checkers. `python -m tests.exact.storm --seed N`.

A client sells, edits, cancels, takes back and announces until it is acknowledged, while a nemesis kills, freezes and
confuses everybody but the other side's memory. When all is healed and drained, every checker must be empty.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from he_sync.connect.wire import Request, http_send
from he_sync.model.errors import HeSyncError
from he_sync.store import effects, inbox
from he_sync.store.database import Store, open_store
from tests.exact.announce import ACCEPTED, CARD, SECRETS, Post, announced
from tests.exact.at_once import at_once
from tests.exact.checkers import findings
from tests.exact.cluster import Cluster, cluster
from tests.exact.crew import Crew, crew
from tests.exact.history import Log, collect
from tests.exact.nemesis import Nemesis
from tests.exact.shop import Shop, Sold
from tests.exact.stand_in import StandIn, stand_in
from tests.exact.worker import QUARANTINE

SECONDS, ORDERS_A_SECOND = 120.0, 5.0
DEEDS = {"order": 60, "edit": 15, "cancel": 5, "ticket": 15, "return": 5}
"""What the client does, by weight; the till's own business beside the orders of the shop."""
TWICE = 0.1
"""Share of events that are announced once more although acknowledged."""
REST_SECONDS = 180.0
"""Longest it may take after the storm until nothing moves any more."""
PERSON = "dana"
DEARER_MINOR = 1_000
MOST_SHOWN, LAST_LETTERS = 40, 3_000
OPEN = ("new", "taken")
MOVING = ("planned", "intent", "doubtful")
RATES = {"HE_HEARTLAND_RATE": "1000", "HE_EPICOR_RATE": "1000"}


def _tails(texts: list[tuple[str, str]]) -> str:
    """The ends of the logs, for whoever must find out."""
    return "\n".join(f"-- {name}\n{text[-LAST_LETTERS:]}" for name, text in texts)


@dataclass
class Client:
    """The shop's sender: posts what waits, oldest first, and notes what was acknowledged."""

    shop: Shop
    log: Log
    address: str
    chance: random.Random
    waiting: list[Post] = field(default_factory=list)
    versions: Counter[int] = field(default_factory=Counter)
    back: list[Sold] = field(default_factory=list)

    def sell(self) -> None:
        """A new order, or now and then a new price for an old one, its end, a till sale, or one that comes back."""
        [what] = self.chance.choices(list(DEEDS), list(DEEDS.values()))
        orders = [one for one in self.shop.sold if one.kind == "order" and not one.void]
        bought = [one for one in self.shop.sold if one.kind == "ticket" and one.minor > 0 and one not in self.back]
        if what in {"edit", "cancel"} and orders:
            sold = self._change(self.chance.choice(orders), cancelled=what == "cancel")
        elif what == "return" and bought:
            self.back.append(self.chance.choice(bought))
            sold = self.shop.take_back(self.back[-1])
        else:
            sold = self.shop.ring_up() if what in {"ticket", "return"} else self.shop.sell()
        self.waiting += announced(sold, sold.version)
        if not sold.void:
            self.log.versions.setdefault(sold.owed, {})[sold.minor] = sold.version

    def _change(self, sold: Sold, *, cancelled: bool) -> Sold:
        self.versions[sold.number] += 1
        version = self.versions[sold.number]
        return (
            self.shop.cancel(sold, version) if cancelled else self.shop.edit(sold, sold.minor + DEARER_MINOR, version)
        )

    def post(self) -> None:
        """Everything that waits, once; what was not acknowledged waits on."""
        still = []
        with http_send(total_deadline=10.0) as send:
            for post in self.waiting:
                headers = {"content-type": "application/json", **post.headers(time.time())}
                request = Request("POST", f"{self.address}{post.path}", headers, post.body, idempotent=False)
                try:
                    accepted = send(request).status == ACCEPTED
                except HeSyncError:
                    accepted = False
                if accepted:
                    self.acknowledged(post)
                if not accepted or self.chance.random() < TWICE:
                    still.append(replace(post, tries=post.tries + 1))
        self.waiting = still

    def acknowledged(self, post: Post) -> None:
        """Note that it was accepted."""
        self.log.acknowledged.append(post.ack)

    def work(self, seconds: float) -> None:
        """Sell at a steady pace and post."""
        started = time.monotonic()
        while (spent := time.monotonic() - started) < seconds:
            for _ in range(int(spent * ORDERS_A_SECOND) - len(self.log.versions) - self.versions.total()):
                self.sell()
            self.post()
            time.sleep(0.1)


@dataclass(frozen=True)
class Outcome:
    """What a storm left behind."""

    seed: int
    database: str
    orders: int
    acknowledged: int
    deeds: Counter[str]
    seconds: float
    findings: tuple[str, ...]
    logs: str

    def __str__(self) -> str:
        """For people, with the line that does it again."""
        deeds = ", ".join(f"{times} {what}" for what, times in sorted(self.deeds.items()))
        lines = "".join(f"\n  {line}" for line in self.findings[:MOST_SHOWN])
        lines += f"\n{self.logs}" if self.findings else ""
        return (
            f"seed {self.seed} on {self.database}: {self.orders} orders, {self.acknowledged} acknowledged events,"
            f" {self.seconds:.0f} s; {deeds}; {len(self.findings)} findings{lines}\n"
            f"again with: python -m tests.exact.storm --seed {self.seed}"
        )


def storm(seed: int, seconds: float = SECONDS, keep: Path | None = None) -> Outcome:
    """One storm; an odd seed has its store on Postgres, an even one on SQLite. `keep`: the folder that it leaves."""
    started = time.monotonic()
    with ExitStack() as stack:
        folder = (
            _made(keep) if keep else Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="he-sync-storm-")))
        )
        database = stack.enter_context(cluster()) if seed % 2 else None
        other_side = stack.enter_context(stand_in(folder / "sandbox"))
        url = database.url if database else f"sqlite:///{folder / 'he_sync.db'}"
        open_store(url).close()
        environment = {**other_side.environment(folder / "home"), **SECRETS, **RATES}
        with crew(folder, url, environment) as people:
            log, done = _through(seed, seconds, other_side, people, database)
            with open_store(url) as store:
                rested = _rest(store, log)
        with open_store(url) as store:
            texts = [(path.name, path.read_text(errors="replace")) for path in folder.glob("*.log")]
            secrets = [
                value for name, value in environment.items() if name.endswith(("_TOKEN", "_KEY", "_SECRET", "_SECRETS"))
            ]
            history = collect(
                store, other_side.state, log, datetime.now(UTC), texts=texts, secrets=secrets, cards=[CARD]
            )
        found = (*rested, *findings(history))
    spent = time.monotonic() - started
    name = "Postgres" if database else "SQLite"
    return Outcome(seed, name, len(log.sold), len(log.acknowledged), Counter(done), spent, found, _tails(texts))


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _through(
    seed: int, seconds: float, other_side: StandIn, people: Crew, database: Cluster | None
) -> tuple[Log, list[str]]:
    """The storm itself, and after it the client's patience until everything is acknowledged."""
    log, shop = Log(), Shop(other_side.state)
    client = Client(shop, log, f"http://127.0.0.1:{people.port}", random.Random(seed))  # noqa: S311 - seeded
    nemesis = Nemesis(people, other_side, database)
    with _beside(client, seconds):
        nemesis.rage(seed, seconds)
    nemesis.heal()
    until = time.monotonic() + REST_SECONDS
    while client.waiting and time.monotonic() < until:
        client.post()
        time.sleep(0.2)
    log.sold = shop.sold
    return log, nemesis.done


@contextmanager
def _beside(client: Client, seconds: float) -> Iterator[None]:
    """The client works while the block does; what it raises is raised at the end."""
    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(client.work, seconds)
        yield
        working.result()


def _rest(store: Store, log: Log) -> list[str]:
    """Until nothing moves any more; a person lets go on what lost too many workers, when nothing can land any more."""
    calm, until = time.monotonic() + QUARANTINE, time.monotonic() + REST_SECONDS
    while time.monotonic() < until:
        if time.monotonic() > calm:
            mend(store, log)
        if not effects.listing(store, states=MOVING) and not inbox.listing(store, OPEN):
            return []
        time.sleep(0.5)
    return [f"rest: something still moved {REST_SECONDS:.0f} s after the storm"]


def mend(store: Store, log: Log) -> None:
    """A person lets go on what stopped for one."""
    for status in effects.listing(store, states=("parked",)):
        if effects.release(store, status.effect.key, PERSON, "the storm is over"):
            log.actions.append(("effect parked -> doubtful", status.effect.key))
    for status in effects.listing(store, states=("rejected",)):
        if effects.release(store, status.effect.key, PERSON, "the storm is over"):
            log.actions.append(("effect rejected -> planned", status.effect.key))
    for kept in inbox.listing(store, "parked"):
        inbox.reopen(store, [kept.event.seq], PERSON, "the storm is over")


def main() -> None:
    """One storm or many; exit 1 where a checker found something."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**31))
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--storms", type=int, default=1, help="this many, of seeds one after the other")
    parser.add_argument("--at-once", type=int, default=1, help="so many of them at a time")
    parser.add_argument("--keep", type=Path, help="a folder that keeps stores and logs, of several storms one each")
    asked = parser.parse_args()
    if asked.storms > 1:
        runs = [_line(asked, seed) for seed in range(asked.seed, asked.seed + asked.storms)]
        bad = at_once("tests.exact.storm", runs, asked.at_once)
        sys.stdout.write(f"{asked.storms} storms, {bad} with findings\n")
        raise SystemExit(int(bool(bad)))
    outcome = storm(asked.seed, asked.seconds, asked.keep)
    sys.stdout.write(f"{outcome}\n")
    raise SystemExit(int(bool(outcome.findings)))


def _line(asked: argparse.Namespace, seed: int) -> list[str]:
    keep = ["--keep", str(asked.keep / f"seed-{seed}")] if asked.keep else []
    return ["--seed", str(seed), "--seconds", str(asked.seconds), *keep]


if __name__ == "__main__":
    main()
