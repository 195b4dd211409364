"""What the pages say of events and flows is what the code does: each table is the code's own list."""

import re
from typing import get_args

import pytest

import definitions
from he_sync.flows import ownership, registry
from he_sync.flows.fulfilment.statuses import WORDS
from he_sync.flows.registry import STEPS
from he_sync.flows.spec import Flow, Map, Match, Push, Record, Route, Trigger
from he_sync.mapping.products import read_rules
from he_sync.mapping.statuses import POS_TO_ERP
from he_sync.model.retailer import Epicor, Store
from he_sync.store.story import Name
from he_sync.web.receiver.settings import read_settings
from he_sync.web.receiver.sources import TABLES, sources
from tests.docs.test_docs import CODE, ROOT, blocks

FLOWS, OPERATIONS, SECURITY, README = (
    (ROOT / name).read_text() for name in ("docs/flows.md", "docs/operations.md", "docs/security.md", "README.md")
)
SECRETS = {
    "HE_HOOK_HEARTLAND_SECRET": "a-shared-secret-of-enough-letters",
    "HE_HOOK_SHOP_SECRETS": "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    "HE_HOOK_EPICOR_SECRET": "a-shared-secret-of-enough-letters",
    "HE_GP_APP_KEY": "key",
}
SOURCES = sources(read_settings(SECRETS))
PARTS = {"trigger": Trigger, "match": Match, "map": Map, "push": Push, "record": Record}


def table(text, *heads):
    """The rows of the one table with these columns: texts without their backticks."""
    lines = text.splitlines()
    [first] = [place for place, line in enumerate(lines) if _cells(line) == list(heads)]
    rows = []
    for line in lines[first + 2 :]:
        if not line.startswith("|"):
            break
        rows.append(_cells(line))
    return rows


def _cells(line):
    return [cell.strip().replace("`", "") for cell in line.strip().strip("|").split("|")]


def told(value):
    """A default as the tables write it; what is empty or must be given is a blank."""
    if isinstance(value, dict):
        return ", ".join(f"{key}: {one}" for key, one in value.items())
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def defaults(model, prefix=""):
    """Option and default, by the name that a file uses."""
    for name, field in model.model_fields.items():
        yield (
            prefix + (field.alias or name),
            "" if field.is_required() else told(field.get_default(call_default_factory=True)),
        )


def test_the_table_of_options_is_the_form_of_a_flow_file():
    whole = {name: default for name, default in defaults(Flow) if name not in PARTS}
    for part, model in PARTS.items():
        whole |= dict(defaults(model, f"{part}."))
    assert {name: default for name, default, _ in table(FLOWS, "option", "default", "what")} == whole


def test_the_table_of_routes_is_the_list_of_conditions():
    kinds = get_args(get_args(Route)[0])
    known = {
        get_args(kind.model_fields["when"].annotation)[0]: set(kind.model_fields) - {"when", "to", "because"}
        for kind in kinds
    }
    rows = table(FLOWS, "when", "takes", "it holds when")
    assert {when: set(filter(None, takes.split(", "))) for when, takes, _ in rows} == known


def test_the_table_of_names_is_what_is_registered():
    kinds = {"readers": "read", "validators": "validate", "matchers": "match.customers", "mappers": "map.to"}
    kinds |= {"deciders": "decide", "reports": "report_back"}
    registered = {place: set(getattr(STEPS, kind)) for kind, place in kinds.items()}
    assert {place: set(names.split(", ")) for place, names in table(FLOWS, "place", "names")} == registered


def test_every_flow_of_the_installation_is_described_and_no_other():
    assert {name for name, _ in table(FLOWS, "flow", "what it does")} == {flow.name for flow in registry.load_all()}


def test_every_flow_that_is_shown_as_a_file_is_right(tmp_path):
    shown = [text for text in blocks(FLOWS, "yaml") if text.startswith("type: ")]
    assert shown
    for text in shown:
        path = tmp_path / "defs.yaml"
        path.write_text(text)
        registry.load(path)


def test_the_file_of_products_that_is_shown_is_right(tmp_path):
    [text] = [text for text in blocks(FLOWS, "yaml") if text.startswith("classes: ")]
    (tmp_path / "products.yaml").write_text(text)
    assert read_rules(tmp_path / "products.yaml").owner("price") == "heartland"


def test_the_tables_of_statuses_are_the_mapping_both_ways():
    rows = table(FLOWS, "Heartland", "Epicor")
    words = {word: state.split(" ")[0] for some, state in rows for word in some.split(", ")}
    assert words == POS_TO_ERP
    assert dict(table(FLOWS, "stage", "the order says")) == WORDS


def test_the_table_of_owners_is_the_one_that_decides():
    assert dict(table(FLOWS, "field", "owner")) == dict(ownership.CUSTOMER)


def test_every_field_of_the_profile_is_described_with_its_default():
    known = dict(defaults(Epicor, "epicor.")) | dict(defaults(Store, "stores."))
    rows = {name: default for name, default, _ in table(FLOWS, "field", "default", "what")}
    assert rows == {name: known.get(name) for name in rows}
    charges = {name for name in known if name.endswith(("_charge", "_charges"))}
    assert charges <= rows.keys()


def test_every_sender_and_topic_is_in_the_table_of_senders():
    rows = {name: topics for name, topics, *_ in table(SECURITY, "source", "topics", "proves itself by", "secret")}
    assert rows.keys() == SOURCES.keys()
    for name, source in SOURCES.items():
        named = set(re.findall(r"[A-Za-z_.]+", rows[name]))
        assert source.topics <= named or (name == "epicor" and named & TABLES.keys()), name


@pytest.mark.parametrize("text", [README, OPERATIONS, SECURITY])
def test_every_address_of_an_event_named_exists(text):
    for source, topic in re.findall(r"/hooks/([a-z]+)/([A-Za-z_.]+)", text):
        assert topic in SOURCES[source].topics, f"/hooks/{source}/{topic}"


def test_every_table_whose_directive_is_asked_for_is_heard():
    [row] = [line for line in README.splitlines() if line.startswith("| Epicor, data directives")]
    named = set(re.findall(r"`([A-Z][A-Za-z]+)`", row))
    assert named <= TABLES.keys()
    heard = {topic.partition("/")[2] for flow in registry.load_all() for topic in flow.trigger.topics}
    assert named <= heard


def test_every_job_and_sensor_of_the_code_location_is_named_in_the_operations():
    defs = definitions.build(flows=definitions.dg.Definitions())
    named = set(re.findall(r"`([a-z_]+)`", OPERATIONS))
    parts = {one.name for one in (*defs.sensors, *defs.jobs, *defs.schedules)}
    assert parts <= named


def test_every_query_that_epicor_must_have_is_in_the_operations():
    asked = {
        name for path in CODE if "sandbox" not in path.parts for name in re.findall(r"HeSync_\w+", path.read_text())
    }
    assert {name for name, *_ in table(OPERATIONS, "query", "tables", "columns used", "parameters")} == asked


def test_the_story_in_the_readme_has_the_form_of_a_story():
    [shown] = blocks(README, "text")
    lines = shown.splitlines()
    steps = "|".join(get_args(Name))
    assert re.fullmatch(r"order \d+", lines[0])
    assert all(
        re.fullmatch(rf"\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{{6}} (?:{steps}) +\S.*", line) for line in lines[1:]
    )
