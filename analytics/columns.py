"""What a frame's column holds: the words of the codebook, and what frames are built from."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What the values of a column are; the comment says what stands for unknown."""

    TEXT = "text"  # ""
    COUNT = "count"  # <NA>
    MONEY = "money"  # None; a Decimal, never a float
    DATE = "date"  # NaT
    MOMENT = "moment"  # NaT
    FLAG = "flag"  # always known


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, the kind of its values, their unit (empty: none), and what they mean."""

    name: str
    kind: Kind
    unit: str
    meaning: str


def texts(**meanings: str) -> tuple[Column, ...]:
    """Return text columns from their meanings."""
    return tuple(Column(name, Kind.TEXT, "", meaning) for name, meaning in meanings.items())


def counts(unit: str, **meanings: str) -> tuple[Column, ...]:
    """Return count columns of one unit."""
    return tuple(Column(name, Kind.COUNT, unit, meaning) for name, meaning in meanings.items())


def amounts(unit: str, **meanings: str) -> tuple[Column, ...]:
    """Return money columns of one unit."""
    return tuple(Column(name, Kind.MONEY, unit, meaning) for name, meaning in meanings.items())


ON = Column("date", Kind.DATE, "", "business date")
DAY = Column("challenge_day", Kind.COUNT, "day", "challenge day of that date; unknown outside the challenge")
UTMS = texts(
    utm_source="utm_source as received",
    utm_medium="utm_medium as received",
    campaign="utm_campaign as received",
    ad_set="ad set as received, from the UTM that the settings name",
    ad="ad as received, from the UTM that the settings name",
)
CAMPAIGN_KEY = texts(campaign_key="the campaign folded, for grouping and joining")[0]
HERE = "reporting currency"

SALES = (
    *counts("", sale_id="number of the sale, as view3 explain takes it"),
    *texts(
        person="folded e-mail address, the same for leads",
        customer="customer's name",
        email="e-mail address as received",
        product="product as received",
        product_key="the product in lower case",
    ),
    *amounts("`currency`", price="contract price"),
    *texts(currency="currency of the sale's money"),
    *amounts(
        "`currency`",
        collected="payments received so far",
        refunded="refunded so far",
        at_risk="in open disputes",
    ),
    *texts(status="paid, or what differs from it: refunded, partly refunded, disputed, plan ended, open plan"),
    Column("purchased_at", Kind.MOMENT, "business zone", "moment of the purchase"),
    Column("purchased_on", Kind.DATE, "", "business date of the purchase"),
    DAY,
    *UTMS,
    CAMPAIGN_KEY,
    *texts(outcome="matched or unattributed", reason="the rule that matched, or why none did"),
    *counts("days", days_from_lead="local dates from first touch to sale"),
)
LEADS = (
    *texts(
        source="who told of the opt-in",
        lead_id="its id there",
        person="folded e-mail address, the same for sales",
        email="e-mail address as received",
        name="name as received",
    ),
    Column("opted_in_at", Kind.MOMENT, "business zone", "moment of the opt-in"),
    Column("opted_in_on", Kind.DATE, "", "business date of the opt-in"),
    DAY,
    *UTMS,
    CAMPAIGN_KEY,
    *texts(ad_set_key="the ad set folded", ad_key="the ad folded"),
)
ATTENDANCE = (
    ON,
    DAY,
    *texts(platform="youtube or zoom"),
    *counts("views", participants="attendance of the day; unknown is not zero"),
    *texts(statistic="what the number counts"),
    *counts("views", peak="most at once in a session of the day; unknown where one session's is"),
    *counts("people", unique="different people who came; YouTube never says"),
)
SESSIONS = (
    ON,
    DAY,
    *texts(platform="youtube or zoom", session_id="the platform's id", topic="title"),
    Column("started_at", Kind.MOMENT, "business zone", "when it began"),
    Column("ended_at", Kind.MOMENT, "business zone", "when it ended"),
    *counts("views", participants="attendance of the session"),
    *texts(statistic="what participants counts"),
    *counts("views", peak="most at once; with gaps a lower bound", average="mean over the samples"),
    *counts("people", unique="different people who came; YouTube never says"),
    *counts(
        "minutes",
        minutes="time of all people together; unknown unless every stay is known",
        minutes_median="how long the median person stayed; unknown unless every stay is known",
    ),
    *counts("samples", samples_expected="one a minute while live", samples_received="how many came"),
)
AD_SPEND = (
    ON,
    DAY,
    *texts(
        platform="meta, google, …",
        account_id="the ad account",
        campaign_id="the platform's id",
        campaign="name as received",
        campaign_key="the name folded",
        ad_set_id="the platform's id",
        ad_set="name as received",
        ad_set_key="the name folded",
        ad_id="the platform's id",
        ad="name as received",
        ad_key="the name folded",
    ),
    *amounts("`currency`", spend="ad spend, six decimals"),
    *texts(currency="currency of the spend", source="who told it"),
    Column("provisional", Kind.FLAG, "", "the platform still counts"),
)
FUNNEL = (
    ON,
    DAY,
    *amounts(HERE, ad_spend="ad spend of the date; unknown where nobody told any"),
    *counts("opt-ins", leads="opt-ins of the date"),
    *counts("orders", vip_orders="VIP orders"),
    *amounts(HERE, vip_revenue="their contract prices"),
    *counts("orders", oto_orders="OTO orders"),
    *amounts(HERE, oto_revenue="their contract prices"),
    *counts("sales", high_ticket_sales="high-ticket sales"),
    *amounts(HERE, high_ticket_revenue="their contract prices"),
)
CAMPAIGNS = (
    *texts(
        campaign="campaign",
        ad_set="ad set; empty above its level",
        ad="ad; empty above its level",
        name="what to call the row",
    ),
    Column("is_unattributed", Kind.FLAG, "", "the sales and orders that are credited to no campaign"),
    *texts(platforms="where it was advertised"),
    *amounts(HERE, ad_spend="ad spend; unknown where nobody told any"),
    *counts("opt-ins", leads="opt-ins"),
    *counts("sales", high_ticket_sales="high-ticket sales", net_sales="those not refunded in full"),
    *amounts(
        HERE,
        vip_revenue="revenue of VIP orders",
        oto_revenue="revenue of OTO orders",
        high_ticket_revenue="high-ticket revenue",
        revenue="VIP, OTO and high-ticket revenue",
        net_revenue="the same less refunds",
        cost_per_lead="ad spend ÷ leads",
        cost_per_acquisition="ad spend ÷ high-ticket sales",
    ),
    *amounts("×", roas="revenue of the full funnel ÷ ad spend"),
)
VIEW = (
    *texts(figure="name, as workbench.receipt takes it", title="title"),
    *amounts("`unit`", value="whole number or Decimal; None where undefined"),
    *texts(unit="what the value counts, or its currency", reason="why it is undefined"),
)
FRAMES = {
    "sales": SALES,
    "leads": LEADS,
    "attendance": ATTENDANCE,
    "sessions": SESSIONS,
    "ad_spend": AD_SPEND,
    "funnel": FUNNEL,
    "campaigns": CAMPAIGNS,
    "view": VIEW,
}
