"""The story the sandbox starts with: seven companies, three people, two clients."""

import calendar
import tomllib
from pathlib import Path
from typing import Any

from sandbox import charts
from sandbox.company import Company

Json = dict[str, Any]

PASSWORD = "sandbox"

AKERIET = "0a5e7a10-0001-4c00-8000-000000000001"
FJORD = "0a5e7a10-0002-4c00-8000-000000000002"
NORDLYS = "0a5e7a10-0003-4c00-8000-000000000003"
TESTBOLAGET = "0a5e7a10-0004-4c00-8000-000000000004"
TVILLING = "0a5e7a10-0005-4c00-8000-000000000005"
ENKEL = "0a5e7a10-0006-4c00-8000-000000000006"
EGNA = "0a5e7a10-0007-4c00-8000-000000000007"
CUSTOMER = "0a5e7a10-9001-4c00-8000-000000009001"


def periods(*, first_open: str = "202601", last_open: str = "202612") -> dict[str, Json]:
    """
    Return the periods 202501 to 202712.

    Those before the first open one are closed; those after the last one are not yet active.
    """
    made: dict[str, Json] = {}
    for year in (2025, 2026, 2027):
        for month in range(1, 13):
            period_id = f"{year}{month:02d}"
            last = calendar.monthrange(year, month)[1]
            made[period_id] = {
                "id": period_id,
                "year": year,
                "number": month,
                "start": f"{year}-{month:02d}-01",
                "end": f"{year}-{month:02d}-{last}",
                "active": period_id <= last_open,
                "closed": period_id < first_open,
            }
    return made


def segment(
    segment_id: int, description: str, length: int, values: dict[str, str], *, validate: bool = True
) -> Json:
    """Return a segment of the subaccount with its values, all active."""
    return {
        "id": segment_id,
        "description": description,
        "length": length,
        "validate": validate,
        "values": {key: {"description": name, "active": True} for key, name in values.items()},
    }


def _currency(code: str, *, base: str) -> Json:
    names = {"SEK": "Svensk krona", "NOK": "Norsk krone", "EUR": "Euro"}
    symbols = {"SEK": "kr", "NOK": "kr", "EUR": "€"}
    return {
        "id": code,
        "name": names[code],
        "symbol": symbols[code],
        "base": code == base,
        "decimals": 2,
        "accounting": code == base,
    }


def _company(
    *,
    key: str,
    tenant_id: str,
    name: str,
    organisation_number: str,
    country: str = "SE",
    **more: Any,
) -> Company:
    currency = {"SE": "SEK", "NO": "NOK"}[country]
    filled: Json = {
        "customer_tenant_id": CUSTOMER,
        "currency": currency,
        "accounts": charts.chart(charts.NORWEGIAN if country == "NO" else charts.SWEDISH),
        "periods": periods(),
        "branches": [{"number": "1", "name": name, "active": True, "main": True, "ledger": "1"}],
        "ledgers": [
            {"number": "1", "name": "Huvudbok", "type": "Actual", "currency": currency},
            {"number": "BUDGET", "name": "Budget", "type": "Budget", "currency": currency},
        ],
        "currencies": [_currency(currency, base=currency), _currency("EUR", base=currency)],
    }
    return Company(
        key=key,
        tenant_id=tenant_id,
        name=name,
        organisation_number=organisation_number,
        country=country,
        **(filled | more),
    )


def _swedish_segments() -> list[Json]:
    return [
        segment(
            1,
            "Kostnadsställe",
            4,
            {
                "0100": "Åkeriet Södra",
                "0200": 'Lager "Väst"',
                "0300": "Kontor Örebro",
                "0400": "Verkstad",
                "0900": "Gemensamt",
            },
        ),
        segment(
            2,
            "Kostnadsbärare",
            3,
            {"K10": "Fjärrtrafik", "K20": "Närdistribution", "K30": "Flytt", "K99": "Övrigt"},
        ),
    ]


def companies() -> list[Company]:
    """Return the companies of the story, freshly made."""
    path = Path(__file__).with_suffix(".toml")
    return [
        _company(**row | {"segments": _segments(row.get("segments", []))})
        for row in tomllib.loads(path.read_text(encoding="utf-8"))["companies"]
    ]


def _segments(written: Any) -> list[Json]:
    if written == "swedish":
        return _swedish_segments()
    return [
        segment(segment_id, description, length, values, validate=(*rest, True)[0])
        for segment_id, description, length, values, *rest in written
    ]


def people() -> list[Json]:
    """Return the people who can sign in, with the companies in which they are API User."""
    everything = [AKERIET, FJORD, NORDLYS, TESTBOLAGET, TVILLING, ENKEL, EGNA]
    return [
        _person(1, "anna@fjordbyra.example", "Anna", "Andersson", "sv-SE", everything),
        _person(2, "ola@fjordbyra.example", "Ola", "Nordmann", "nb-NO", [AKERIET]),
        _person(3, "eva@fjordbyra.example", "Eva", "Ek", "sv-SE", []),
    ]


def _person(
    number: int, email: str, given: str, family: str, locale: str, tenants: list[str]
) -> Json:
    return {
        "sub": f"0a5e7a10-7000-4c00-8000-{number:012d}",
        "email": email,
        "password": PASSWORD,
        "given_name": given,
        "family_name": family,
        "name": f"{given} {family}",
        "locale": locale,
        "tenants": tenants,
    }


def _scopes(flavour: str) -> list[str]:
    return [f"vismanet_erp_{flavour}_api:{verb}" for verb in ("read", "create", "update", "delete")]


def clients() -> list[Json]:
    """
    Return the two applications registered in the make-believe Developer Portal.

    The redirect address must match exactly, but for the port of a loopback host: that is the
    sandbox's own liberty, so that `make run` works on any free port.
    """
    return [
        {
            "client_id": "isv_integrationhub",
            "secret": "sandbox-secret",
            "name": "Integration Hub",
            "grants": ["authorization_code", "refresh_token"],
            "scopes": [
                *("openid", "profile", "email", "phone", "address", "offline_access"),
                *_scopes("interactive"),
                "vismanet_erp_interactive_api:ui-extension",
            ],
            "requires_pkce": True,
            "redirect_paths": ["/connections/callback"],
        },
        {
            "client_id": "isv_integrationhub_service",
            "secret": "sandbox-service-secret",
            "name": "Integration Hub (service)",
            "grants": ["client_credentials"],
            "scopes": _scopes("service"),
            "requires_pkce": False,
            "redirect_paths": [],
        },
    ]
