"""Two published reporting checklists, filled in as far as a run knows the answers.

In: a checklist and what is Known of a run. Out: an Answer per item; an item that no fact answers stays open.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tflite_mammo.reporting.checklist_facts import Known, facts_of
from tflite_mammo.schema import read_toml

LISTS = Path(__file__).parent / "lists"


@dataclass(frozen=True)
class Item:
    number: str
    section: str
    topic: str
    """What it asks, in our words."""
    facts: tuple[str, ...] = ()
    """The first answers the item, the others add to it; none where no run can know."""
    adds: str = ""
    """What the author has to add all the same."""


@dataclass(frozen=True)
class Checklist:
    name: str
    title: str
    citation: str
    doi: str
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Answer:
    number: str
    section: str
    topic: str
    answer: str | None
    """None where the author has everything to say."""


CLAIM = read_toml(Checklist, LISTS / "claim.toml")
TRIPOD = read_toml(Checklist, LISTS / "tripod.toml")


def filled(checklist: Checklist, known: Known) -> list[Answer]:
    facts = facts_of(known)
    return [Answer(item.number, item.section, item.topic, _answer(item, facts)) for item in checklist.items]


def still_open(answers: Sequence[Answer]) -> list[Answer]:
    return [answer for answer in answers if answer.answer is None]


def _answer(item: Item, facts: dict[str, str]) -> str | None:
    if not item.facts or item.facts[0] not in facts:
        return None
    said = ". ".join(facts[name] for name in item.facts if name in facts)
    return f"{said}; the author adds: {item.adds}." if item.adds else f"{said}."
