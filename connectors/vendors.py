"""Which vendors we ask, under the names that people type."""

from collections.abc import Callable, Mapping

from connectors.clickfunnels import backfill as clickfunnels_api
from connectors.contract import Source
from connectors.google_ads import api as google_ads_api
from connectors.meta import api as meta_api
from connectors.stripe import backfill as stripe_backfill
from connectors.wanted import Off, Wanted
from connectors.youtube import api as youtube_api
from connectors.zoom import api as zoom_api

SOURCES: Mapping[str, Callable[[Wanted], Source | Off]] = {
    "youtube": youtube_api.source,
    "zoom": zoom_api.source,
    "meta": meta_api.source,
    "google-ads": google_ads_api.source,
    "stripe": stripe_backfill.source,
    "clickfunnels": clickfunnels_api.source,
}
