"""The words of each language: those that people stumbled over do not come back."""

import re
from collections.abc import Iterator
from pathlib import Path

import polib
import pytest

ROOT = Path(__file__).parents[1]

BANNED = {
    "sv": {
        r"redovisning": "bokföringen",
        r"gäldenär(?!\))": "lönekund (gäldenär)",
        r"granskningslogg": "behandlingshistorik",
        r"försök(s|tes|t|as)\b": "nytt försök görs",
        r"tillfråga": "vi kontrollerar i bokföringen",
        r"fakturakund": "fakturaklient",
        r"\bkredit i visma": "kreditspärr",
        r"(en|av en) person (kan|måste|avgör)|kräver en person|kräver ett beslut": "kräver beslut",
        r"\bpersoner\b(?! i )": "användare",
        r"\bärende": "jobb",
        r"^lån$": "reservationer",
        r"^sedan$": "ändrad",
        r"\bper (\d|%\((time|shown_at)\))|^per$": "kl.",
        r"svaret var tydligt": "godkänt av",
    },
    "nb": {
        r"\bworker": "arbeidsprosess",
        r"\bbetaling": "innbetaling",
        r"(trenger|av|må) en person|en person (må|kan|avgjør)|trenger en avgjørelse": (
            "krever avgjørelse"
        ),
        r"\bpersoner\b": "brukere",
        r"blir spurt|\bspørres\b": "vi sjekker regnskapet",
        r"kreditt i visma": "kredittsperre",
        r"^siden$": "endret",
        r"\bper (\d|%\((time|shown_at)\))|^per$": "kl.",
        r"\bærend": "jobber",
        r"^lån$": "reservasjoner",
        r"svaret var tydelig": "godkjent av",
    },
    "en": {
        r"the answer was clear": "accepted by Visma.net",
        r"what payroll said": "from payroll",
        r"\b(tak(e|en|es|ing)|took) (it |them |the \w+ )?back": "withdraw, or reverse",
        r"as of (\d|%\((time|shown_at)\))|^as of$": "at 13:41",
        r"credit in visma": "credit block",
    },
}
"""What no text holds, and the word that stands there instead."""

ALLOWED = {
    ("sv", "Line {line} has {value} fields under {headings} headings, one of which names people."),
    ("nb", "Line {line} has {value} fields under {headings} headings, one of which names people."),
    ("sv", "blocked since"),
    ("sv", "since"),
    ("nb", "since"),
}
"""Texts in which the word means something else: people in a payroll file, a point in time."""

NEUTER = {
    "Not sent": "Inte skickat",
    "Sent": "Skickat",
    "Partly sent": "Delvis skickat",
    "Imported": "Importerat",
    "Reversed": "Återfört",
    "Closed by hand": "Stängt manuellt",
    "Booked before the hub": "Bokfört före hubben",
    "Needs a decision": "Kräver beslut",
}
"""States of an underlag, which is neuter in Swedish; a bunt is not."""

RIGHT = {
    "sv": {
        "Debtor": "Lönekund (gäldenär)",
        "Debtors": "Lönekunder",
        "Mappings": "Mappningar",
        "People": "Användare",
        "Changed": "Ändrad",
        "Needs a decision": "Kräver beslut",
        "Leases": "Reservationer",
        "Background requests": "Jobb",
        "Credit block": "Kreditspärr",
        "Checking the ledger": "Vi kontrollerar i bokföringen",
        "Stopped: needs a correction": "Stoppat: kräver rättelse",
        "at %(time)s": "kl. %(time)s",
    },
    "nb": {
        "People": "Brukere",
        "Changed": "Endret",
        "Payments": "Innbetalinger",
        "Needs a decision": "Krever avgjørelse",
        "Checking the ledger": "Vi sjekker regnskapet",
        "Credit block": "Kredittsperre",
        "at %(time)s": "kl. %(time)s",
    },
}


def texts(language: str) -> Iterator[tuple[str, str]]:
    """Return msgid and text of a language; the msgids themselves are the English ones."""
    for entry in polib.pofile(
        str(ROOT / "locale" / ("sv" if language == "en" else language) / "LC_MESSAGES/django.po")
    ):
        written = (
            [entry.msgid, entry.msgid_plural]
            if language == "en"
            else [entry.msgstr, *entry.msgstr_plural.values()]
        )
        for text in written:
            yield entry.msgid, text


@pytest.mark.parametrize(
    ("language", "banned", "right"),
    [
        (language, word, right)
        for language, words in BANNED.items()
        for word, right in words.items()
    ],
)
def test_no_text_holds_a_word_that_people_stumbled_over(
    language: str, banned: str, right: str
) -> None:
    found = [
        text
        for msgid, text in texts(language)
        if re.search(banned, text, re.IGNORECASE) and (language, msgid) not in ALLOWED
    ]

    assert not found, f"{banned} → {right}"


@pytest.mark.parametrize("language", sorted(RIGHT))
def test_a_word_is_the_one_of_the_profession(language: str) -> None:
    written = {
        entry.msgid: entry.msgstr
        for entry in polib.pofile(str(ROOT / "locale" / language / "LC_MESSAGES" / "django.po"))
        if entry.msgctxt is None
    }

    assert {word: written[word] for word in RIGHT[language]} == RIGHT[language]


def test_the_states_of_an_underlag_are_neuter() -> None:
    written = {
        entry.msgid: entry.msgstr
        for entry in polib.pofile(str(ROOT / "locale" / "sv" / "LC_MESSAGES" / "django.po"))
        if entry.msgctxt == "journal"
    }

    assert {word: written[word] for word in NEUTER} == NEUTER
