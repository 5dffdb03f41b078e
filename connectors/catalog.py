"""Which vendors call us, where, with which of our secrets they are believed, and who reads what the inbox keeps."""

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.clickfunnels import history as clickfunnels_history
from connectors.clickfunnels import webhooks as clickfunnels
from connectors.clickfunnels_classic import webhooks as clickfunnels_classic
from connectors.contract import Reader, Webhook
from connectors.events import webhook as events
from connectors.google_ads import told as google_ads
from connectors.meta import told as meta_ads
from connectors.settings import ConnectorSettings
from connectors.stripe import history as stripe_history
from connectors.stripe import webhooks as stripe
from connectors.youtube import told as youtube
from connectors.zoom import told as zoom_told
from connectors.zoom import webhooks as zoom


@dataclass(frozen=True, slots=True)
class Route:
    """One address of the receiver: its vendor and the setting that holds the secret."""

    path: str
    vendor: Webhook
    setting: str


ROUTES = (
    Route("/webhooks/stripe", stripe, "stripe_webhook_secret"),
    Route("/webhooks/clickfunnels", clickfunnels, "clickfunnels_webhook_secret"),
    Route("/webhooks/clickfunnels-classic", clickfunnels_classic, "clickfunnels_classic_token"),
    Route("/webhooks/zoom", zoom, "zoom_webhook_secret"),
)
INBOX_SOURCES: Mapping[str, Reader] = {
    **{route.path.rpartition("/")[2]: route.vendor for route in ROUTES},
    youtube.SOURCE: youtube,
    zoom_told.SOURCE: zoom_told,
    meta_ads.SOURCE: meta_ads,
    google_ads.SOURCE: google_ads,
    stripe_history.SOURCE: stripe_history,
    clickfunnels_history.SOURCE: clickfunnels_history,
    events.SOURCE: events,
}


def secrets_of(route: Route, settings: ConnectorSettings) -> tuple[str, ...]:
    """Return the secrets of a route; none means that the route is off."""
    return settings.shared(route.setting)
