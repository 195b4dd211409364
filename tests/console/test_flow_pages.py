"""The flow designer over real HTTP: what runs keeps running, nobody's work is overwritten, another approves."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from he_sync.flows import last_good, registry
from he_sync.flows.design.editing import parts_of
from he_sync.store import audit, effects, inbox
from he_sync.store.inbox import Arrival
from he_sync.web.console.roles import Role
from tests.console.conftest import NOBODY_LISTENS, Served, named, serving
from tests.console.person import Answer, Person
from tests.store.examples import effect

NAME = "order_to_fulfilment"
PAGE = f"/flows/{NAME}"
MARK = re.compile(r'name="mark" value="([0-9a-f]*)"')
FIELD = re.compile(r"<(?:input|select|textarea)\b[^>]*>")


def environment(home: Path) -> dict[str, str]:
    return {**NOBODY_LISTENS, "HE_HOME": str(home)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The shipped flows, in a folder of their own."""
    return Path(shutil.copytree(registry.FOLDER, tmp_path / "flows", ignore=shutil.ignore_patterns("__pycache__")))


@pytest.fixture
def served(tmp_path: Path, folder: Path, profile: str) -> Iterator[Served]:
    (tmp_path / "profile.yaml").write_text(profile, encoding="utf-8")
    with serving(tmp_path, environment(tmp_path), flows=folder) as one:
        yield one


def mark(page: Answer) -> str:
    found = MARK.search(page.text)
    assert found, page.words[:300]
    return found[1]


def attribute(tag: str, name: str) -> str:
    found = re.search(rf'\b{name}="([^"]*)"', tag)
    return unescape(found[1]) if found else ""


def filled(page: Answer) -> dict[str, list[str]]:
    """The designer's form as a browser would send it untouched."""
    form = page.text[page.text.index('name="mark"') :]
    found: dict[str, list[str]] = {}
    for tag in FIELD.findall(form):
        name, ticked = attribute(tag, "name"), 'type="checkbox"' not in tag and 'type="radio"' not in tag
        if name and not tag.startswith(("<select", "<textarea")) and (ticked or " checked" in tag):
            found.setdefault(name, []).append(attribute(tag, "value"))
    for name, inside in re.findall(r'<select name="([^"]*)">(.*?)</select>', form, re.DOTALL):
        options = re.findall(r"<option([^>]*)>([^<]*)", inside)
        chosen = next((one for one in options if "selected" in one[0]), options[0])
        found[name] = [attribute(chosen[0], "value") or unescape(chosen[1])]
    for name, inside in re.findall(r'<textarea name="([^"]*)"[^>]*>\n(.*?)</textarea>', form, re.DOTALL):
        found[name] = [unescape(inside)]
    return found


def does(person: Person, what: str, path: str = PAGE, **fields: str | list[str]) -> Answer:
    """A button of the designer, everything else as the page shows it."""
    return person.post(path, **{**filled(person.get(path)), "mark": mark(person.get(path)), "do": what, **fields})


def limits(page: Answer) -> list[str]:
    return filled(page)["limit"]


def asks(person: Person, path: str = PAGE, note: str = "fewer to look at") -> Answer:
    return person.post(f"{path}/changes", do="ask", mark=mark(person.get(f"{path}/changes")), note=note)


def approves(person: Person, path: str = PAGE) -> Answer:
    return person.post(f"{path}/changes", do="approve", mark=mark(person.get(f"{path}/changes?of=proposal")))


def raises_limit(person: Person, to: str = "7500.00") -> Answer:
    return does(person, "keep", limit=[to, *limits(person.get(PAGE))[1:]])


def text_of(folder: Path, name: str = NAME) -> str:
    return (folder / name / "defs.yaml").read_bytes().decode()


def test_a_form_that_is_sent_untouched_changes_nothing_of_any_flow(served: Served, folder: Path) -> None:
    person = served.person()
    for name in sorted(path.parent.name for path in registry.files(folder)):
        does(person, "keep", f"/flows/{name}")
        assert "the draft says nothing new" in asks(person, f"/flows/{name}").words, name


def test_a_limit_is_changed_by_a_form_seen_as_a_difference_approved_and_what_runs_follows(
    served: Served, folder: Path
) -> None:
    before = text_of(folder)
    running = last_good.Watched(served.store, lambda _: None, folder)
    for number, worth in enumerate((400_00, 6_000_00, 9_000_00)):
        effects.plan(served.store, [effect(f"ticket {number}", amount_minor=worth)])
    person = served.person()
    raises_limit(person)
    page = person.get(f"{PAGE}/changes")
    assert "if it comes to more than 5000.00, a person decides if it comes to more than 7500.00" in page.words
    assert "Of the last 3 sales orders a person is asked about 2 1 for what they come to" in page.words
    assert "waits for approval" in asks(person).words
    listed = person.get("/approvals").words
    assert "Change of the flow order_to_fulfilment , asked for by ana: fewer to look at" in listed
    assert (text_of(folder), running()) == (before, running.flows)
    assert "version 2 of order_to_fulfilment is live" in approves(person).words
    assert text_of(folder) == before.replace('"5000.00"', '"7500.00"').replace("version: 1", "version: 2")
    [flow] = [one for one in running() if one.name == NAME]
    assert (flow.version, str(flow.route[0].over)) == (2, "7500.00")
    actions = {row.action for row in audit.entries(served.store, f"flow {NAME}")}
    assert actions == {"flow.asked", "flow.approved"}


def test_of_two_people_on_one_flow_the_second_is_refused_sees_what_the_first_changed_and_keeps_both(
    served: Served, folder: Path
) -> None:
    named(served.home, "ana", "ben")
    (ana, _), (ben, _) = served.signs_in("ana"), served.signs_in("ben")
    does(ben, "down:validate:1")
    raises_limit(ana)
    asks(ana)
    assert "another person approves" in ana.get(f"{PAGE}/changes?of=proposal").words
    refused = approves(ana)
    assert (refused.status, "ana asked for this change; another person approves" in refused.words) == (403, True)
    assert "version 2" in approves(ben).words
    late = asks(ben)
    assert late.status == 409
    assert "the live flow was changed meanwhile: route.amount" in late.words
    does(ben, "catch_up")
    asks(ben)
    assert "version 3" in approves(ana).words
    parts = parts_of(text_of(folder))
    assert (parts["validate"][1:3], parts["route"][0]["over"]) == (["known_parts", "has_lines"], "7500.00")


def test_an_older_window_does_not_overwrite_a_newer_one(served: Served) -> None:
    person = served.person()
    old = mark(person.get(PAGE))
    raises_limit(person)
    late = person.post(PAGE, do="keep", mark=old, part="route", route=["0"], limit=["1.00"], because=[""])
    assert (late.status, "another window" in late.words) == (409, True)
    assert limits(person.get(PAGE))[0] == "7500.00"
    unseen = person.post(f"{PAGE}/changes", do="ask", mark=old, note="what I saw before")
    assert (unseen.status, "another window" in unseen.words) == (409, True)


def test_an_order_of_checks_that_cannot_work_is_not_offered_and_refused_where_it_is_written(
    served: Served, folder: Path
) -> None:
    person = served.person()
    page = person.get(PAGE)
    assert "down:validate:0" not in page.text
    assert "up:validate:1" not in page.text
    does(person, "remove:validate:0")
    page = person.get(PAGE)
    assert "attributes.validate.0 : has_lines reads what contract found out; put contract before it" in page.words
    assert asks(person).status == 422
    assert "contract, has_lines" in text_of(folder)


def test_routes_are_added_moved_reworded_and_removed_by_forms(served: Served) -> None:
    person = served.person()
    does(person, "add:route", **{"route.new": "amount"})
    does(person, "up:route:5", limit=[*limits(person.get(PAGE))[:5], "250.00"])
    does(person, "remove:route:0")
    page = person.get(PAGE)
    because = ["the outlet manager looks", *filled(page)["because"][1:]]
    does(person, "keep", because=because)
    text = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", person.get(f"{PAGE}/yaml").text, re.DOTALL)
    assert text
    route = parts_of(unescape(text[1]))["route"]
    assert [one["when"] for one in route] == [
        "new_customer",
        "margin",
        "blocked_part",
        "amount",
        "changed_after_posting",
    ]
    assert route[0]["because"] == "the outlet manager looks"
    assert route[3] == {"when": "amount", "over": "250.00", "to": "approval"}


def test_the_form_says_who_decides_what_a_route_holds_and_how_long_an_idle_drain_waits(served: Served) -> None:
    assert "who has the role approver: whoever is let in" in served.person().get(PAGE).words
    named(served.home, "cora", roles=frozenset({Role.APPROVER}))
    named(served.home, "lea", roles=frozenset({Role.RULE_AUTHOR}))
    words = served.signs_in("lea")[0].get(PAGE).words
    assert "who has the role approver: cora." in words
    assert "an idle drain waits 60 s" in words


def test_a_wrong_limit_is_named_with_its_line_and_cannot_be_saved(served: Served, folder: Path) -> None:
    person = served.person()
    page = raises_limit(person, "5,000")
    assert "kept in your draft, with 1 to mend" in page.words
    assert "line 21 , attributes.route.0.over : " in page.words
    assert asks(person).status == 422
    assert '"5000.00"' in text_of(folder)


def test_a_flow_is_switched_off_and_on_as_a_reviewed_change_and_the_last_one_stays(
    served: Served, folder: Path
) -> None:
    before, person = text_of(folder, "parts"), served.person()
    does(person, "off", "/flows/parts")
    assert "runs yes no" in person.get("/flows/parts/changes").words
    assert "parts" in {flow.name for flow in registry.load_all(folder)}
    asks(person, "/flows/parts")
    approves(person, "/flows/parts")
    assert "parts" not in {flow.name for flow in registry.load_all(folder)}
    assert "parts parked sales go on switched off" in person.get("/flows").words
    does(person, "on", "/flows/parts")
    asks(person, "/flows/parts")
    approves(person, "/flows/parts")
    assert text_of(folder, "parts") == before.replace("version: 1", "version: 3")
    for path in registry.files(folder):
        if path.parent.name != "parts":
            shutil.rmtree(path.parent)
    does(person, "off", "/flows/parts")
    assert "parts is the last flow that runs" in asks(person, "/flows/parts").words


def test_a_new_flow_begins_as_another_and_runs_when_it_is_approved(served: Served, folder: Path) -> None:
    person = served.person()
    page = person.post("/flows", name="outlet_orders", template=NAME, description="Orders of the outlet")
    assert "shop/order.created triggers order_to_fulfilment too, which makes the same of it" in page.words
    does(person, "keep", "/flows/outlet_orders", topic=["shop/outlet.created"])
    page = person.get("/flows/outlet_orders")
    assert "triggers order_to_fulfilment" not in page.words
    assert [flow.name for flow in registry.load_all(folder) if flow.name == "outlet_orders"] == []
    asks(person, "/flows/outlet_orders")
    assert "version 1 of outlet_orders is live" in approves(person, "/flows/outlet_orders").words
    [flow] = [flow for flow in registry.load_all(folder) if flow.name == "outlet_orders"]
    assert (flow.trigger.topics, flow.description) == (("shop/outlet.created",), "Orders of the outlet")
    assert "there is a flow parts already" in person.post("/flows", name="parts", template=NAME).words
    assert "is no name of a flow" in person.post("/flows", name="../x", template=NAME).words


def test_a_template_brings_its_mapping_and_both_go_live_without_a_shell(served: Served, folder: Path) -> None:
    person = served.person()
    assert "vendors, a template" in person.get("/flows").words
    page = person.post("/flows", name="vendors", template="template vendors", description="")
    assert "its mapping vendors is a draft of yours too" in page.words
    assert "Vendors by the mapping vendors into purchasing/vendors" in page.words
    for path in ("/mappings/vendors", "/flows/vendors"):
        asks(person, path, "vendors too")
        assert "of vendors is live" in approves(person, path).words
    template = registry.FOLDER.with_name("templates") / "vendors"
    assert text_of(folder, "vendors") == (template / "defs.yaml").read_text(encoding="utf-8")
    mapping = (served.home / "mappings" / "vendors" / "mapping.yaml").read_text(encoding="utf-8")
    assert mapping == (template / "mapping.yaml").read_text(encoding="utf-8")
    assert "vendors" in {flow.name for flow in registry.load_all(folder)}


def test_a_file_that_is_wrong_shows_why_and_which_version_goes_on(served: Served, folder: Path) -> None:
    last_good.usable(served.store, folder)
    path = folder / NAME / "defs.yaml"
    path.write_text(text_of(folder).replace("read: heartland_sales", "read: heartland_sale"), encoding="utf-8")
    person = served.person()
    for page in (person.get("/flows"), person.get(PAGE)):
        assert "wrong" in page.words
        assert "version 1 of" in page.words
    assert "did you mean heartland_sales?" in person.get(PAGE).words
    path.write_text("attributes: [", encoding="utf-8")
    assert "Mend the YAML" in person.get(PAGE).words


def test_the_yaml_goes_to_the_page_and_back_without_a_byte_of_difference_and_a_version_comes_back(
    served: Served, folder: Path
) -> None:
    path = folder / "returns" / "defs.yaml"
    text = f"# Größe & <b>\n{text_of(folder, 'returns')}# the end\n".replace("\n", "\r\n")
    path.write_bytes(text.encode())
    person, page = served.person(), "/flows/returns"
    shown = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", person.get(f"{page}/yaml").text, re.DOTALL)
    assert shown
    sent = unescape(shown[1]).replace("\r\n", "\n").replace("\n", "\r\n")
    person.post(f"{page}/yaml", text=sent, mark=mark(person.get(f"{page}/yaml")))
    assert "the draft says nothing new" in asks(person, page).words
    person.post(f"{page}/yaml", text=sent.replace("5000.00", "900.00"), mark=mark(person.get(f"{page}/yaml")))
    asks(person, page)
    approves(person, page)
    assert path.read_bytes().decode() == text.replace("5000.00", "900.00").replace("version: 1", "version: 2")
    page_of = person.get(f"{page}/versions")
    assert "as it lay there" in page_of.words
    [key] = re.findall(r'name="key" value="([^"]*)"', page_of.text)
    person.post(f"{page}/versions", key=key)
    asks(person, page, "back")
    approves(person, page)
    assert path.read_bytes().decode() == text.replace("version: 1", "version: 3")


def test_a_repository_gets_one_commit_of_that_flow_with_who_asked_and_who_approved(
    tmp_path: Path, folder: Path, profile: str
) -> None:
    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", "-C", str(folder), "-c", "user.name=dev", "-c", "user.email=dev@example.com", *arguments],
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "as shipped")
    home = tmp_path / "home"
    home.mkdir()
    (home / "profile.yaml").write_text(profile, encoding="utf-8")
    with serving(home, environment(home), flows=folder) as served:
        person = served.person()
        does(person, "off", "/flows/parts")
        asks(person, "/flows/parts", "not this week")
        approves(person, "/flows/parts")
        assert "not this week" in person.get("/flows/parts/versions").words
    assert git("log", "--format=%an|%s", "-1").strip() == "ana|Flow parts: not this week"
    assert git("show", "--name-status", "--format=", "--no-renames").split() == [
        *("A", "parts/defs.off.yaml"),
        *("D", "parts/defs.yaml"),
    ]
    assert git("status", "--short") == ""


def test_the_list_shows_what_came_lately_for_each_flow(served: Served) -> None:
    def arrival(number: int, topic: str) -> Arrival:
        return Arrival("shop", topic, f"e{number}", f"order {number}", "", "{}", f"{number:064x}", "webhook")

    inbox.put(served.store, [arrival(1, "order.created"), arrival(2, "order.updated"), arrival(3, "stranger")])
    rows = re.findall(r"<tr>(.*?)</tr>", served.person().get("/flows").text, re.DOTALL)
    [row] = [" ".join(re.sub(r"<[^>]*>", " ", one).split()) for one in rows if f">{NAME}<" in one]
    assert row.startswith(f"{NAME} a sales order runs 1 6 5 2 2 0 s ago")


def test_a_picture_and_a_list_say_the_same_of_every_flow(served: Served, folder: Path) -> None:
    person = served.person()
    for path in registry.files(folder):
        text = person.get(f"/flows/{path.parent.name}").text
        drawn = re.findall(r'<g class="box [^>]*><title>([^<]*)', text)
        listed = re.findall(r'<li><a href="#\w+">([^<]*)', text)
        assert [title for title in drawn if title not in {"Dead letters", "A person decides"}] == listed
        assert f'<title id="picture-of">{path.parent.name} as a graph' in text
