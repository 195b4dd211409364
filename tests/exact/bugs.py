"""The seeded bugs: what somebody could break in one line, and the test that must notice.

Each is one replacement of text that fits its file exactly once. `quick` ones are planted in `make test`, all of them in
`make chaos`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bug:
    """`old` becomes `new` in `file`; then at least one of `tests` (pytest's names) must fail."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    quick: bool = False


LATE = "tests/exact/test_late_landing.py"
SYSCALL = "tests/exact/test_killed_by_syscall.py"
INBOX = "tests/store/test_inbox.py"
EFFECTS = "tests/store/test_effects.py"
LANES = "tests/store/test_lanes.py"
DRAIN = "tests/flows/test_drain.py"
BACKUPS, PRUNING = "tests/backup/test_backups.py", "tests/pruning/test_pruning.py"
RESTORED, VOIDING = "tests/backup/test_catching_up.py", "he_sync/store/backup/voiding.py"
EDITS = "tests/flows/test_flow_edits.py"
MIGRATION = "he_sync/store/migrations/versions/v0002_event_path.py"
FIRST_MIGRATION = "he_sync/store/migrations/versions/v0001_first_tables.py"

BUGS = (
    # the store
    Bug(
        "drop the unique index of the inbox",
        MIGRATION,
        '["event_id", "source", "topic"], unique=True)',
        '["event_id", "source", "topic"], unique=False)',
        (f"{INBOX}::test_an_event_that_comes_again_is_known_for_ever",),
        quick=True,
    ),
    Bug(
        "drop the unique key of effects",
        FIRST_MIGRATION,
        'sa.Column("key", sa.String(64), nullable=False, unique=True)',
        'sa.Column("key", sa.String(64), nullable=False, unique=False)',
        (EFFECTS,),
    ),
    Bug(
        "synchronous NORMAL",
        "he_sync/store/engines.py",
        '"synchronous=FULL"',
        '"synchronous=NORMAL"',
        (
            f"{SYSCALL}::test_no_byte_of_a_write_leaves_before_its_intent_is_synced",
            f"{SYSCALL}::test_no_event_is_acknowledged_before_it_is_synced",
        ),
        quick=True,
    ),
    Bug(
        "read first, lock later",
        "he_sync/store/engines.py",
        'looks else "BEGIN IMMEDIATE")',
        'looks else "BEGIN")',
        ("tests/store/test_database.py::test_readers_that_then_write_wait_for_each_other_instead_of_failing",),
    ),
    Bug(
        "deduplicate within a window instead of for ever",
        "he_sync/store/inbox/arriving.py",
        'return "known" if arrival.own_id else _again(connection, there)',
        "return _again(connection, there)",
        (f"{INBOX}::test_an_event_that_comes_again_is_known_for_ever",),
    ),
    Bug(
        "an event's worker does not show its token",
        "he_sync/store/inbox/finishing.py",
        ", inbox.c.token == taken.token)",
        ")",
        (f"{INBOX}::test_a_worker_whose_lease_was_taken_away_can_change_nothing",),
    ),
    Bug(
        "commit although the lease of the events is lost",
        "he_sync/store/inbox/finishing.py",
        "    if changed != len(set(seqs)):",
        "    if changed > len(set(seqs)):",
        (INBOX, DRAIN),
    ),
    Bug(
        "count an event's attempts after they were made",
        "he_sync/store/inbox/taking.py",
        ".values(**held, attempts=inbox.c.attempts + 1)",
        ".values(**held)",
        (f"{INBOX}::test_an_event_that_loses_five_workers_is_parked_as_poison_and_blocks_its_entity_only",),
        quick=True,
    ),
    Bug(
        "let go of the lane without a last look",
        "he_sync/store/lanes.py",
        "        if not idle(connection):\n            return False\n",
        "",
        (f"{LANES}::test_a_lane_is_not_let_go_while_an_event_waits",),
    ),
    Bug(
        "a cursor goes past what was not stored",
        "he_sync/store/cursors.py",
        "value = value if oldest_unstored is None else min(value, oldest_unstored)",
        "value = value if oldest_unstored is None else max(value, oldest_unstored)",
        ("tests/store/test_memory.py",),
    ),
    Bug(
        "an older projection goes over a newer one",
        "he_sync/store/applied.py",
        "new.version >= applied.c.version",
        "new.version != applied.c.version",
        ("tests/store/test_memory.py",),
    ),
    Bug(
        "the audit chain forgets the row before",
        "he_sync/store/audit.py",
        "if row.previous != previous or row.hash != _digest(row._asdict()):",
        "if row.hash != _digest(row._asdict()):",
        ("tests/store/test_audit.py",),
    ),
    # effects
    Bug(
        "no quarantine",
        "he_sync/store/effects/records.py",
        "QUARANTINE = timedelta(seconds=330)",
        "QUARANTINE = timedelta(seconds=0)",
        (f"{LATE}::test_five_thousand_orders_over_a_wire_that_lands_late_are_there_once_and_none_is_left_open",),
        quick=True,
    ),
    Bug(
        "confirm without the token",
        "he_sync/store/effects/work.py",
        "effects.c.token == told.c.token, ",
        "",
        (EFFECTS, "tests/store/test_effects_many.py"),
    ),
    Bug(
        "end a claim without the token",
        "he_sync/store/effects/work.py",
        "effects.c.token == claimed.token, ",
        "",
        (EFFECTS, "tests/store/test_effects_properties.py"),
    ),
    Bug(
        "claim past the head of the line",
        "he_sync/store/effects/claiming.py",
        "return select(effects).where(*due, _is_head(), _dependency_confirmed())",
        "return select(effects).where(*due, _dependency_confirmed())",
        (EFFECTS,),
        quick=True,
    ),
    Bug(
        "send before what it waits for is confirmed",
        "he_sync/store/effects/claiming.py",
        "return select(effects).where(*due, _is_head(), _dependency_confirmed())",
        "return select(effects).where(*due, _is_head())",
        (EFFECTS,),
    ),
    Bug(
        "a lost worker's effect is simply sent again",
        "he_sync/store/effects/claiming.py",
        '{"state": "parked" if worn else "doubtful", "reason": reason}',
        '{"state": "parked" if worn else "planned", "reason": reason}',
        (EFFECTS, "tests/store/test_effects_killed.py"),
    ),
    Bug(
        "the body of a planned effect may change",
        "he_sync/store/effects/planning.py",
        "elif there[effect.key].body_hash == digest or there[effect.key].state in STANDS:",
        "elif there[effect.key].body_hash:",
        (EFFECTS,),
    ),
    # pushing
    Bug(
        "skip the look-up",
        "he_sync/flows/push/batch.py",
        "        if attempt.reference is None:\n            self.absent.append(claimed)",
        "        if True:\n            self.absent.append(claimed)",
        (LATE,),
    ),
    Bug(
        "a bare retry of a create",
        "he_sync/flows/push/teller.py",
        "        if in_doubt or claimed.may_have_landed:\n",
        "        if claimed.may_have_landed:\n",
        (LATE,),
        quick=True,
    ),
    Bug(
        "do not read back what was written",
        "he_sync/flows/push/batch.py",
        "wrong = self._wrong(some, references) if verify else {}",
        "wrong = self._wrong(some, references) if verify and not some else {}",
        ("tests/flows/test_push_orders.py::test_an_order_that_came_to_another_amount_than_planned_is_never_confirmed",),
    ),
    Bug(
        "write after the lease",
        "he_sync/connect/permit.py",
        "        if not permit.held():\n",
        "        if permit is None:\n",
        ("tests/flows/test_push.py",),
    ),
    Bug(
        "a lost answer counts as nothing done",
        "he_sync/connect/wire.py",
        "if self._flight.sent and not request.idempotent:",
        "if self._flight.sent and request.idempotent:",
        ("tests/connect/test_wire.py::test_a_write_whose_answer_is_lost_is_looked_up_and_a_read_may_be_repeated",),
    ),
    # the receiver
    Bug(
        "acknowledge before the commit",
        "he_sync/web/receiver/inlet.py",
        "        return await one.answer\n",
        '        return ["new"]\n',
        (
            f"{SYSCALL}::test_no_event_is_acknowledged_before_it_is_synced",
            f"{SYSCALL}::test_whichever_write_to_disk_fails_nothing_is_acknowledged_that_is_not_there",
        ),
        quick=True,
    ),
    Bug(
        "accept every signature",
        "he_sync/web/receiver/signatures.py",
        "    if not any(equal):\n",
        "    if any(equal) and not equal:\n",
        ("tests/receiver/test_signatures.py",),
        quick=True,
    ),
    Bug(
        "accept a signature of last year",
        "he_sync/web/receiver/signatures.py",
        "TOLERANCE = 300\n",
        "TOLERANCE = 300_000_000\n",
        ("tests/receiver/test_signatures.py",),
    ),
    Bug(
        "keep card numbers",
        "he_sync/web/receiver/app.py",
        "return source.arrivals(topic, swept.document, event_id, None if swept.hits else raw)",
        "return source.arrivals(topic, document, event_id, raw)",
        ("tests/receiver",),
    ),
    Bug(
        "serve from a damaged file",
        "he_sync/store/sqlite_file.py",
        '    if said != "ok":\n',
        '    if said == "":\n',
        ("tests/store/test_sqlite_file.py",),
    ),
    Bug(
        "let the write-ahead log grow in silence",
        "sensors/sweep.py",
        "    if said := log_alarm(store):\n",
        '    if said := "":\n',
        ("tests/dagster/test_sensors.py::test_the_sweep_tells_people_of_a_write_ahead_log_that_a_reader_holds_open",),
    ),
    Bug(
        "take leases by the worker's own clock",
        "he_sync/store/clock.py",
        "    return lambda: there + timedelta(seconds=time.clock_gettime(BOOT) - began)\n",
        "    return lambda: datetime.now(UTC)\n",
        ("tests/store/test_clock.py",),
    ),
    Bug(
        "take the last of two keys",
        "he_sync/connect/strict_json.py",
        "    if len(document) != len(pairs):\n",
        "    if len(document) > len(pairs):\n",
        ("tests/connect/test_parsers_agree.py",),
    ),
    # after a restore
    Bug(
        "take what this store never sent for absent",
        "he_sync/flows/push/batch.py",
        "        if attempt.reference is None:\n            self.absent.append(claimed)\n",
        "        if attempt.reference is None or not claimed.may_have_landed:\n"
        "            self.bench.standing.setdefault(claimed.effect.key, None)\n"
        "            self.absent.append(claimed)\n",
        (RESTORED,),
    ),
    Bug(
        "drain while the lost store's last request may still land",
        VOIDING,
        '"token": fence, "lease_until": now + QUARANTINE}',
        '"token": fence, "lease_until": None}',
        (RESTORED,),
    ),
    Bug(
        "begin the polls at the restore",
        VOIDING,
        "    _effects(connection, fence, now)\n",
        "    _effects(connection, fence, now)\n    connection.exec_driver_sql('DELETE FROM cursors')\n",
        (RESTORED,),
    ),
    Bug(
        "put the restored store in its place before it is voided",
        "he_sync/store/backup/restoring.py",
        "        shutil.copyfile(copy, stage / COPY)\n",
        "        shutil.copyfile(copy, target)\n        shutil.copyfile(copy, stage / COPY)\n",
        (BACKUPS,),
    ),
    Bug(
        "let the tokens of a restored store go on where the backup stood",
        VOIDING,
        '"token": fence, "worker": None',
        '"worker": None',
        (BACKUPS,),
    ),
    # retention
    Bug(
        "prune the row of an event with its body",
        "he_sync/store/pruning/rows.py",
        "connection.execute(update(inbox).where(inbox.c.seq.in_(seqs), inbox.c.state.in_(OVER)).values(body=GONE))",
        "connection.execute(delete(inbox).where(inbox.c.seq.in_(seqs)))",
        (PRUNING,),
    ),
    Bug(
        "prune the story of what is open",
        "he_sync/store/pruning/rows.py",
        "story.c.at < before, ~_has_open(story.c.entity)",
        "story.c.at < before",
        (PRUNING,),
    ),
    Bug(
        "prune a snapshot that a close names",
        "he_sync/store/pruning/snapshots.py",
        "path.name not in needed.files and path.name != current",
        "path.name != current",
        (PRUNING,),
    ),
    Bug(
        "prune snapshots of a date that was signed",
        "he_sync/store/pruning/snapshots.py",
        "    if folder.name in needed.dates:\n        return\n",
        "",
        (PRUNING,),
    ),
    Bug(
        "prune the newest run of a job",
        "assets/housekeeping.py",
        "if run.run_id != newest[run.job_name]:",
        "if newest[run.job_name]:",
        ("tests/dagster/test_housekeeping.py",),
    ),
    # flows and mapping
    Bug(
        "take our own write for somebody's edit",
        "he_sync/flows/echo.py",
        "        if not outstanding:\n            return bool(value != self.memory.seen.get(name))\n",
        "        if not outstanding or outstanding:\n            return bool(value != self.memory.seen.get(name))\n",
        ("tests/flows/test_ownership.py", "tests/flows/test_ownership_fuzz.py"),
    ),
    Bug(
        "compare an edit to an order whose last change has not landed",
        "he_sync/flows/steps/orders.py",
        'UNDER_WAY = frozenset({"intent", "doubtful", "parked"})',
        "UNDER_WAY: frozenset[str] = frozenset()",
        (f"{EDITS}::test_an_edit_while_the_one_before_is_in_doubt_is_decided_when_that_is_settled",),
    ),
    Bug(
        "let a change stand that a newer one replaces",
        "he_sync/flows/steps/orders.py",
        "    replaced = replace(case, withdraw=standing.unsent(CHANGE, CANCEL))\n",
        "    replaced = case\n",
        (EDITS,),
    ),
    Bug(
        "rounding drops a cent",
        "he_sync/mapping/to_epicor.py",
        "return to_minor((quantity * price).quantize(to_major(0, currency), ROUND_HALF_UP), currency)",
        "return int(quantity * price * 100)",
        ("tests/mapping/test_sales_orders.py",),
    ),
)
