"""What a campaign key stands for: one name per campaign, whether its links carry a name, an id or an alias."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy.engine import Connection

from analytics.breakdown import Level
from analytics.challenge import Period
from analytics.joining import Joining, Told
from analytics.queries import campaigns
from analytics.queries.campaigns import LeadsGroup, SpendGroup
from analytics.queries.journeys import NOWHERE
from analytics.reading import Lens

NO_CAMPAIGN, UNATTRIBUTED = "No campaign", "Unattributed"


@dataclass(frozen=True, slots=True)
class Names:
    """The campaigns of a period as `Workbench.campaigns` joins and names them; `known` are those with spend."""

    joining: Joining
    labels: dict[str, str]
    known: frozenset[str]

    def of(self, key: str) -> str:
        """Return the name of the campaign that a link's folded key speaks of."""
        if key in {"", NOWHERE}:
            return UNATTRIBUTED if key else NO_CAMPAIGN
        return self.labels.get(self.campaign(key), key)

    def campaign(self, key: str) -> str:
        """Return the key under which everything about the campaign is joined."""
        return self.joining.of_link((_link(key),))[0]


def read_names(connection: Connection, lens: Lens, period: Period) -> Names:
    """Return the names of a period's campaigns."""
    spend = campaigns.spend_by_entity(connection, period, lens.currency, Level.CAMPAIGN)
    spend.sort(key=lambda group: (-(group.spend or 0), _told(group)))
    leads = campaigns.leads_by_entity(connection, lens.challenge.bounds(period), ["utm_campaign"])
    joining = Joining(campaigns.aliases(connection))
    joining.learn(((_told(group),) for group in spend), Level.CAMPAIGN)
    labels: dict[str, str] = {}
    for one in spend:
        _label(labels, joining.of_spend((_told(one),))[0], one.path[0].label or one.path[0].id)
    known = frozenset(labels)
    for group in _most_first(leads):
        _label(labels, joining.of_link((_link(group.path[0].key),))[0], group.path[0].label)
    return Names(joining, labels, known)


def _label(labels: dict[str, str], key: str, label: str) -> None:
    clean = " ".join(label.split())
    if clean:
        labels.setdefault(key, clean)


def _most_first(groups: Iterable[LeadsGroup]) -> list[LeadsGroup]:
    return sorted(groups, key=lambda group: (-group.leads, group.path[0].key))


def _told(group: SpendGroup) -> Told:
    return group.path[0].id, group.path[0].key


def _link(key: str) -> Told:
    return key, key
