"""A language model's candidates beside ours, for fields that nothing decided. It adds and changes nothing.

What it is shown: names, types and descriptions of fields. Values are shown only where somebody allowed it. No I/O: the
caller sends the question and hands in the answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from he_sync.mapping.suggest.memory import Memory
from he_sync.mapping.suggest.profiles import KINDS, profile
from he_sync.mapping.suggest.suggestions import Candidate, Suggestion
from he_sync.mapping.suggest.tables import Field, Table

ROLE = (
    "You match fields of two business systems. Answer with one JSON object: "
    '{"pairs": [{"source": name, "target": name, "reason": one short sentence}]}. '
    "Use only names that are listed, leave out fields without a counterpart."
)
SHOWN_VALUES = 3
LONGEST_REASON = 200


@dataclass(frozen=True)
class Question:
    """What is asked: the tables, the fields of the source in question, and whether values may be shown."""

    source: Table
    target: Table
    fields: frozenset[str]
    values: bool = False

    def body(self, model: str) -> dict[str, Any]:
        """A request of the chat-completions form, the same for the same question."""
        asked = [_shown(field, values=self.values) for field in self.source.fields if field.name in self.fields]
        among = [_shown(field, values=self.values) for field in self.target.fields]
        text = json.dumps({"source": asked, "target": among}, ensure_ascii=False)
        messages = [{"role": "system", "content": ROLE}, {"role": "user", "content": text}]
        return {"model": model, "temperature": 0, "messages": messages}


def undecided(found: Sequence[Suggestion], memory: Memory) -> frozenset[str]:
    """Fields that are neither sure nor decided by a person."""
    return frozenset(one.source for one in found if one.auto is None and one.source not in memory.accepted)


def answered(reply: Any) -> list[dict[str, str]]:
    """The pairs of a chat completion. Raises ValueError where it holds none that can be read."""
    try:
        text = reply["choices"][0]["message"]["content"]
        pairs = json.loads(text[text.index("{") : text.rindex("}") + 1])["pairs"]
        return [{name: str(pair[name]) for name in ("source", "target", "reason")} for pair in pairs]
    except (LookupError, TypeError, AttributeError, RecursionError):
        raise ValueError(f"its answer is not of the form that was asked for: {str(reply)[:LONGEST_REASON]!r}") from None


def with_opinion(
    found: Sequence[Suggestion], pairs: Sequence[Mapping[str, str]], question: Question, memory: Memory
) -> list[Suggestion]:
    """Each named target that is in the table, not rejected and not a candidate yet, behind the others with score 0."""
    targets = set(question.target.names())
    added: dict[str, dict[str, Candidate]] = {}
    for pair in pairs:
        source, target = pair["source"], pair["target"]
        if source in question.fields and target in targets and (source, target) not in memory.rejected:
            why = " ".join(pair["reason"].split())[:LONGEST_REASON]
            added.setdefault(source, {}).setdefault(target, Candidate(target, 0.0, f"language model: {why}"))
    return [_extended(one, added.get(one.source, {})) for one in found]


def _extended(one: Suggestion, added: Mapping[str, Candidate]) -> Suggestion:
    known = {candidate.target for candidate in one.candidates}
    more = tuple(candidate for target, candidate in added.items() if target not in known)
    return replace(one, candidates=(*one.candidates, *more))


def _shown(field: Field, *, values: bool) -> dict[str, Any]:
    kind = field.kind or KINDS[int(profile(field).kinds.argmax())]
    said: dict[str, Any] = {"name": field.name, "type": kind}
    if field.description:
        said["description"] = field.description
    if values:
        said["values"] = sorted({text for text in field.values if text})[:SHOWN_VALUES]
    return said
