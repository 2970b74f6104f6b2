"""What every answer carries, whatever it is: headers that keep browsers, caches and other sites from making something else of it."""

from __future__ import annotations

from functools import cache

from shared.platform.settings import settings

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@cache
def protecting() -> dict[str, str]:
    """Name → value, for every answer that does not say otherwise. Browsers are held to TLS only where it is told that there is TLS (HTTP_HSTS)."""
    seconds = settings().http_hsts
    return _ALWAYS | ({"Strict-Transport-Security": f"max-age={seconds}"} if seconds else {})
