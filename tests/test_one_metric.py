"""One metric, every surface: page, notebook, terminal, CSV and mail print the same figures, held equal as decimals.

Each surface is rendered from the same database and moment by its own code, and read back from what it prints.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from html import unescape
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from click.testing import CliRunner

import view3
from analytics.dashboard.cards import cards_html
from analytics.records import AdSpend, Offer, Platform, Record
from analytics.workbench import Workbench
from reports.letter import Enclosure, Envelope, compose
from reports.settings import ReportSettings
from reports.snapshot import read_snapshot
from tests.analytics.told import NOW, ZONE, at, attended, bought, lead, opened, spent, story

TODAY = date(2026, 1, 17)
Figures = dict[str, Decimal]


def told() -> list[Record]:
    """The story, with a sale refunded in full, one in euros, and spend to the sixth decimal: nothing divides evenly."""
    cents = AdSpend(date(2026, 1, 3), "google", Decimal("1234.567891"), "USD", "google_ads", campaign="Brand")
    refund = bought(4, "1999.99", at(12, 10), refunded=Decimal("1999.99"))
    return [*story(), cents, refund, bought(5, "900.00", at(13, 10), currency="EUR")]


@pytest.fixture
def workbench(database_url: str) -> Iterator[Workbench]:
    with opened(database_url, *told()) as one:
        yield one


def plain(html: str) -> str:
    """Return what a page shows, a line per block, without what is folded away."""
    shown = re.sub(r"<(details|style).*?</\1>", "", html, flags=re.DOTALL)
    lines = re.sub(r"</(p|h\d|td|th|tr)>", "\n", shown)
    return re.sub(r"\s*\n\s*", "\n", unescape(re.sub(r"<[^>]+>", "", lines)).replace("\xa0", " "))


def page(workbench: Workbench) -> str:
    return plain(cards_html(workbench.view(now=NOW)))


def notebook(workbench: Workbench) -> str:
    shown: str = workbench.frames.view(now=NOW).set_index("figure")["value"].to_string()
    return shown


def command(workbench: Workbench, *words: str) -> str:
    settings = {
        "VIEW3_DATABASE_URL": workbench.settings.database_url.get_secret_value(),
        "VIEW3_CHALLENGE_START": "2026-01-01",
        "VIEW3_FUNNEL_START": "2025-12-01",
        "VIEW3_TIMEZONE": ZONE,
    }
    done = CliRunner().invoke(view3.main, [*words, "--now", NOW.isoformat()], env=settings)
    assert done.exit_code == 0, done.output
    return done.stdout


def table(workbench: Workbench) -> str:
    with TemporaryDirectory() as folder:
        file = Path(folder, "sales.csv")
        command(workbench, "sales", "--csv", str(file))
        return file.read_text(encoding="utf-8-sig")


def mail(workbench: Workbench, kind: str) -> str:
    settings = ReportSettings.model_validate({"report_stale_hours": {"": 0}})
    snapshot = read_snapshot(workbench, settings, TODAY, NOW)
    part = compose(snapshot, Envelope("a@example.com", NOW), Enclosure(b"", ())).get_body((kind,))
    assert part is not None
    text: str = part.get_content()
    return plain(text) if kind == "html" else text


N = r"(-?[\d,]+(?:\.\d+)?)"
PAGE = {
    "high_ticket_sales_today": rf"High-ticket sales today\n{N}\n",
    "high_ticket_sales_yesterday": rf"Yesterday {N}\n",
    "cost_per_acquisition": rf"Cost per acquisition\nUSD{N}\n",
    "roas": rf"ROAS, full funnel\n{N}×",
    "roas_net": rf"Net {N}×",
    "roas_collected": rf"collected {N}×",
    "attendance_today": rf"Attendance today\n{N}\n",
    "ad_spend": rf"Ad spend USD {N} ·",
    "high_ticket_sales": rf"· {N} sales\n",
}
TERMINAL = {
    "high_ticket_sales_today": rf"High-ticket sales today +{N}",
    "high_ticket_sales_yesterday": rf"\(yesterday {N}\)",
    "cost_per_acquisition": rf"Cost per acquisition +{N} USD",
    "roas": rf"ROAS \(full funnel\) +{N}×",
    "roas_net": rf"net of refunds {N}×",
    "roas_collected": rf"on collected money {N}×",
    "attendance_today": rf"Attendance today +{N}",
    "ad_spend": rf"Ad spend +{N} USD",
    "vip_revenue": rf"VIP revenue +{N} USD",
    "oto_revenue": rf"OTO revenue +{N} USD",
    "high_ticket_revenue": rf"High-ticket revenue +{N} USD",
    "net_revenue": rf"Net of refunds +{N} USD",
    "collected": rf"Collected +{N} USD",
    "high_ticket_sales": rf"High-ticket sales  +{N} +\(net",
    "net_sales": rf"\(net {N}\)",
    "matched": rf"Match rate .*\({N} of",
}
_MAIL_MONEY = {
    "ad_spend": "Ad spend",
    "vip_revenue": "VIP revenue",
    "oto_revenue": "OTO revenue",
    "high_ticket_revenue": "High-ticket revenue",
    "net_revenue": "Net of refunds",
    "collected": "Collected",
}
LETTER = {
    "high_ticket_sales_today": rf"High-ticket sales: {N}\n  [+−]",
    "high_ticket_sales_yesterday": rf"High-ticket sales: \d+\n  \S+ from {N} the day before",
    "cost_per_acquisition": rf"Cost per acquisition: {N} USD",
    "roas": rf"ROAS \(full funnel\): {N}×",
    "attendance_today": rf"Attendance: {N} \(",
    **{name: rf"\n{label}: {N}\n" for name, label in _MAIL_MONEY.items()},
    "high_ticket_sales": rf"High-ticket sales: {N} \(net",
    "net_sales": rf"\(net {N}\)",
    "matched": rf"Match rate: .*\({N} of",
}
HTML_MAIL = {
    "high_ticket_sales_today": rf"High-ticket sales\n{N}\n",
    "cost_per_acquisition": rf"Cost per acquisition\nUSD {N}\n",
    "roas": rf"ROAS \(full funnel\)\n{N}×",
    "attendance_today": rf"Attendance\n{N}\n",
    **{name: rf"\n{label}\n{N}\n" for name, label in _MAIL_MONEY.items()},
    "high_ticket_sales": rf"High-ticket sales \(net\)\n{N} \(",
    "net_sales": rf"High-ticket sales \(net\)\n\d+ \({N}\)",
    "matched": rf"Match rate\n.*\({N} of",
}
NAMES = sorted({*PAGE, *TERMINAL, *LETTER})


def by_pattern(patterns: Mapping[str, str]) -> Callable[[str], Figures]:
    def read(text: str) -> Figures:
        found = {name: re.search(pattern, text) for name, pattern in patterns.items()}
        assert all(found.values()), [name for name, match in found.items() if not match]
        return {name: Decimal(match[1].replace(",", "")) for name, match in found.items() if match}

    return read


def from_json(text: str) -> Figures:
    shown = json.loads(text)
    numbers = {**shown["cards"], **shown["totals"], **shown["attribution"]}
    return {name: Decimal(numbers[name]) for name in NAMES}


def from_rows(text: str) -> Figures:
    """Return what the attribution table tells: counts, and contract prices in the reporting currency."""
    rows = list(csv.DictReader(io.StringIO(text)))
    return {
        "high_ticket_sales": Decimal(len(rows)),
        "high_ticket_sales_today": Decimal(sum(row["Purchase Date"].startswith("2026-01-17") for row in rows)),
        "high_ticket_sales_yesterday": Decimal(sum(row["Purchase Date"].startswith("2026-01-16") for row in rows)),
        "high_ticket_revenue": sum((Decimal(row["HT Price"]) for row in rows if row["Currency"] == "USD"), Decimal(0)),
        "net_sales": Decimal(sum(row["Status"] != "refunded" for row in rows)),
        "matched": Decimal(sum(row["Attribution"] == "matched" for row in rows)),
    }


@dataclass(frozen=True)
class Surface:
    """A surface: how it is rendered, and how its figures are read back."""

    render: Callable[[Workbench], str]
    read: Callable[[str], Figures]


SURFACES = {
    "the page": Surface(page, by_pattern(PAGE)),
    "the notebook": Surface(notebook, by_pattern({name: rf"(?m)^{name} +{N}$" for name in NAMES})),
    "view3 show": Surface(lambda bench: command(bench, "show"), by_pattern(TERMINAL)),
    "view3 show --json": Surface(lambda bench: command(bench, "show", "--json"), from_json),
    "the CSV": Surface(table, from_rows),
    "the mail's text": Surface(lambda bench: mail(bench, "plain"), by_pattern(LETTER)),
    "the mail's HTML": Surface(lambda bench: mail(bench, "html"), by_pattern(HTML_MAIL)),
}


def differences(printed: Mapping[str, Figures]) -> list[str]:
    """Return the figures that two surfaces print differently."""
    wrong = []
    for name in NAMES:
        values = {surface: figures[name] for surface, figures in printed.items() if name in figures}
        assert len(values) > 1, f"only {list(values)} print {name}"
        if len(set(values.values())) > 1:
            wrong.append(f"{name}: {values}")
    return wrong


def test_every_surface_prints_the_same_figures(workbench: Workbench) -> None:
    printed = {name: surface.read(surface.render(workbench)) for name, surface in SURFACES.items()}

    assert differences(printed) == []
    assert printed["the notebook"]["ad_spend"] == Decimal("3334.91")  # 3,334.907891 to the cent, everywhere
    assert printed["the CSV"]["net_sales"] == 4


def more() -> list[Record]:
    """What moves every figure."""
    return [
        lead(6, "Brand", at(6, 10)),
        bought(6, "100.00", at(17, 13), refunded=Decimal("10.00")),
        bought(7, "55.55", at(16, 13)),
        bought(6, "47.00", at(7, 10), Offer.VIP),
        bought(6, "97.00", at(7, 11), Offer.OTO),
        spent(date(2026, 1, 4), "FB_Jan", "100.01"),
        attended(Platform.YOUTUBE, 350),
    ]


@pytest.mark.parametrize("surface", SURFACES)
def test_a_difference_in_one_of_them_is_seen(workbench: Workbench, tmp_path: Path, surface: str) -> None:
    """One surface shows another database than the others; each figure that it prints is then told apart."""
    printed = {name: one.read(one.render(workbench)) for name, one in SURFACES.items()}
    with opened(f"sqlite:///{tmp_path}/other.db", *told(), *more()) as other:
        printed[surface] = SURFACES[surface].read(SURFACES[surface].render(other))

    assert [one.split(":")[0] for one in differences(printed)] == sorted(printed[surface])
