"""First names and their short forms, as one root a name. The table is the package `nicknames`, read once."""

from __future__ import annotations

from functools import cache

from nicknames import NickNamer


@cache
def _namer() -> NickNamer:
    return NickNamer()


@cache
def related(name: str) -> frozenset[str]:
    """Full names that a first name may stand for, itself included: two names go together when these sets meet."""
    return frozenset(_namer().canonicals_of(name) | {name})


@cache
def listed() -> frozenset[str]:
    """All names of the table: a name beside it goes together with nobody but itself."""
    return frozenset(_namer().canonical_lookup) | frozenset(_namer().nickname_lookup)
