"""How an owner signs in at Google, the same for every interface of Google's that is asked."""

from connectors.tokens import Bearer
from connectors.wanted import Wanted

TOKENS = "https://oauth2.googleapis.com/token"


def sign_in(wanted: Wanted, vendor: str, setting: str) -> Bearer:
    """Return the sign-in of the settings that begin with `setting`, such as `youtube`; `vendor` is named in sentences."""
    form = {
        "grant_type": "refresh_token",
        "client_id": str(getattr(wanted.settings, f"{setting}_client_id")),
        "client_secret": wanted.clear(f"{setting}_client_secret"),
        "refresh_token": wanted.clear(f"{setting}_refresh_token"),
    }
    again = f"sign in anew for VIEW3_{setting.upper()}_REFRESH_TOKEN"
    hint = f"{again}; a consent screen in testing lets tokens live for a week."
    return Bearer(vendor=vendor, address=TOKENS, form=form, hint=hint, clock=wanted.clock)
