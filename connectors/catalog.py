"""Which vendors call us, where, and with which of our secrets they are believed."""

from collections.abc import Mapping
from dataclasses import dataclass

from connectors import clickfunnels, clickfunnels_classic, stripe, zoom
from connectors.contract import Webhook
from connectors.settings import ConnectorSettings


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
INBOX_SOURCES: Mapping[str, Webhook] = {route.path.rpartition("/")[2]: route.vendor for route in ROUTES}


def secrets_of(route: Route, settings: ConnectorSettings) -> tuple[str, ...]:
    """Return the secrets of a route; none means that the route is off."""
    return settings.shared(route.setting)
