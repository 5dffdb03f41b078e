"""Who a sale's unknown buyer may be: looks for opt-ins that are a slip of a finger, another mailbox or a namesake away."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.engine import Connection

from analytics.crediting.likeness import ENOUGH, SAME_NAME, Likeness, is_telling, likeness, plain, slips
from analytics.queries import strangers
from analytics.queries.strangers import Person, Stranger

FEW, MAILBOXES = 3, 50


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An opt-in that may be the buyer's: their earliest before the purchase, with what speaks for it."""

    person: Person
    points: int
    evidence: tuple[str, ...]


def suggest(
    connection: Connection, buyers: Sequence[Stranger], hidden: Mapping[int, str] | None = None
) -> dict[int, list[Suggestion]]:
    """Return, per sale, up to three people who may be its buyer, the likeliest first; `hidden` names an address not to look at.

    Nobody is ever credited by this: a person confirms it.
    """
    nearby = {buyer.sale_id: _nearby(buyer.email) for buyer in buyers}
    crowd = _Crowd(
        [
            *strangers.opt_ins_at(connection, set().union(*nearby.values())),
            *strangers.opt_ins_of_mailboxes(connection, _mailboxes(buyers), MAILBOXES),
            *strangers.opt_ins_named(connection, {buyer.name for buyer in buyers}),
        ]
    )
    return {
        buyer.sale_id: _ranked(buyer, crowd.around(buyer, nearby[buyer.sale_id]), (hidden or {}).get(buyer.sale_id, ""))
        for buyer in buyers
    }


class _Crowd:
    """Opt-ins, found by address, by the name before the @, and by name."""

    def __init__(self, people: Iterable[Person]) -> None:
        self.by_address: defaultdict[str, set[Person]] = defaultdict(set)
        self.by_mailbox: defaultdict[str, set[Person]] = defaultdict(set)
        self.by_name: defaultdict[str, set[Person]] = defaultdict(set)
        for person in people:
            self.by_address[person.email].add(person)
            self.by_mailbox[_mailbox(person.email)].add(person)
            self.by_name[plain(person.name)].add(person)

    def around(self, buyer: Stranger, nearby: Iterable[str]) -> set[Person]:
        """Return everybody who may be alike."""
        found = self.by_mailbox[_mailbox(buyer.email)] | self.by_name[plain(buyer.name)]
        return found.union(*(self.by_address[address] for address in nearby if address in self.by_address))


def _ranked(buyer: Stranger, people: Iterable[Person], hidden: str) -> list[Suggestion]:
    earliest: dict[str, Person] = {}
    for person in sorted(people, key=lambda one: (one.opted_in_at, one.lead_id)):
        if person.opted_in_at <= buyer.eligible_until and person.email not in {buyer.email, hidden}:
            earliest.setdefault(person.email, person)
    alike = [(person, likeness((buyer.name, buyer.email), (person.name, person.email))) for person in earliest.values()]
    namesakes = sum(found.points == SAME_NAME for _, found in alike)
    judged = [_judged(person, found, namesakes) for person, found in alike]
    return sorted(
        (one for one in judged if one.points >= ENOUGH),
        key=lambda one: (-one.points, one.person.opted_in_at, one.person.lead_id),
    )[:FEW]


def _judged(person: Person, found: Likeness, namesakes: int) -> Suggestion:
    """Return a suggestion; a name that several people have says the less of each."""
    if found.points == SAME_NAME and namesakes > 1:
        return Suggestion(person, SAME_NAME // namesakes, (f"one of {namesakes} people of that name",))
    return Suggestion(person, found.points, found.evidence)


def _nearby(address: str) -> set[str]:
    mailbox, _, domain = address.rpartition("@")
    return {f"{other}@{domain}" for other in slips(mailbox)} if is_telling(mailbox) else set()


def _mailboxes(buyers: Iterable[Stranger]) -> set[str]:
    return {mailbox for buyer in buyers if is_telling(mailbox := _mailbox(buyer.email))}


def _mailbox(address: str) -> str:
    return address.rpartition("@")[0]
