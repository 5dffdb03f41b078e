"""Which vendors we ask, under the names that people type."""

from collections.abc import Callable, Mapping

from connectors import clickfunnels_api, google_ads_api, meta_api, stripe_backfill, youtube_api, zoom_api
from connectors.contract import Source
from connectors.wanted import Off, Wanted

SOURCES: Mapping[str, Callable[[Wanted], Source | Off]] = {
    "youtube": youtube_api.source,
    "zoom": zoom_api.source,
    "meta": meta_api.source,
    "google-ads": google_ads_api.source,
    "stripe": stripe_backfill.source,
    "clickfunnels": clickfunnels_api.source,
}
