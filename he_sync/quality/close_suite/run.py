"""Run the suite and publish its pages. The only module that imports great-expectations, and only when it runs."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from he_sync.quality.close_suite.pages import publish
from he_sync.quality.close_suite.rules import Met, Rule, Table

SITE, SOURCE = "close", "close"
EXAMPLES = 5
"""Values that break an expectation which are kept of each."""


def validate(tables: Iterable[Table], day: str, out: Path) -> list[Met]:
    """Hold each table against its rules and write the data docs into `out`, a folder that is there and empty."""
    gx = _library()
    context = gx.get_context(mode="ephemeral", project_config=_in_memory(gx))
    context.variables.progress_bars = {"globally": False}
    context.add_data_docs_site(SITE, _site(out))
    source = context.data_sources.add_pandas(SOURCE)
    found = [one for table in tables for one in _table(gx, context, source, table, day)]
    context.build_data_docs(site_names=[SITE])
    publish(out, day, found)
    return found


def _library() -> ModuleType:
    """The library. It imports two modules that Python 3.11 has deprecated, by a name of its own that it never uses."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"module 'sre_(constants|parse)' is deprecated", DeprecationWarning)
        import great_expectations  # noqa: PLC0415 - seconds, which only a run of the suite needs

    return great_expectations


def _in_memory(gx: ModuleType) -> Any:
    """All stores in memory; without it, the library leaves a folder of its own behind for each run."""
    types = gx.data_context.types.base
    return types.DataContextConfig(store_backend_defaults=types.InMemoryStoreBackendDefaults())


def _site(out: Path) -> dict[str, Any]:
    store = {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(out)}
    index = {"class_name": "DefaultSiteIndexBuilder", "show_cta_footer": False}
    return {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "site_index_builder": index,
        "store_backend": store,
    }


def _table(gx: ModuleType, context: Any, source: Any, table: Table, day: str) -> Iterator[Met]:
    """One table as a suite, a batch and a checkpoint of its name; a run is called by the business date."""
    batch = source.add_dataframe_asset(table.name).add_batch_definition_whole_dataframe(day)
    expected = [_expectation(gx, rule) for rule in table.rules]
    suite = context.suites.add(gx.ExpectationSuite(name=table.name, expectations=expected))
    definition = gx.ValidationDefinition(name=table.name, data=batch, suite=suite)
    how = {
        "result_format": "SUMMARY",
        "partial_unexpected_count": EXAMPLES,
        "unexpected_index_column_names": [table.key],
    }
    checkpoint = gx.Checkpoint(
        name=table.name, validation_definitions=[context.validation_definitions.add(definition)], result_format=how
    )
    run = context.checkpoints.add(checkpoint).run(
        batch_parameters={"dataframe": table.rows}, run_id=gx.RunIdentifier(run_name=day)
    )
    for result in run.run_results.values():
        for one in result.results:
            yield _met(table, one)


def _expectation(gx: ModuleType, rule: Rule) -> Any:
    return getattr(gx.expectations, f"Expect{rule.kind}")(**rule.options, notes=rule.why)


def _met(table: Table, one: Any) -> Met:
    config = one.expectation_config
    options: Mapping[str, Any] = config.kwargs
    columns = options.get("column") or options.get("column_list") or options.get("column_set") or ""
    told = columns if isinstance(columns, str) else ", ".join(columns)
    if "column_A" in options:
        told = f"{options['column_A']}, {options['column_B']}"
    broken = int(one.result.get("unexpected_count") or 0)
    return Met(table.name, config.type, told, str(config.notes or ""), bool(one.success), broken, _examples(table, one))


def _examples(table: Table, one: Any) -> tuple[str, ...]:
    """Rows that break an expectation, by the table's key, each with its value."""
    rows = one.result.get("partial_unexpected_index_list") or ()
    return tuple(
        ", ".join([str(row[table.key]), *(str(value) for name, value in row.items() if name != table.key)])
        for row in rows[:EXAMPLES]
    )
