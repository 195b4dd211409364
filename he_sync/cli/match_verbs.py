"""The verbs beside `he-sync match customers`; their modules are loaded when they are added."""

from __future__ import annotations

from importlib import import_module

import typer


def add_to(app: typer.Typer) -> None:
    """Add them."""
    reviews, one, preflight, master = (
        import_module(f"he_sync.cli.{name}") for name in ("reviews", "match_one", "preflight", "master")
    )
    about = "Pairs that wait for a person, side by side, decided with one key."
    app.add_typer(reviews.app, name="reviews", help=about)
    app.command("one")(one.one)
    app.command("preflight")(preflight.preflight)
    for name, verb in master.VERBS.items():
        app.command(name)(verb)
