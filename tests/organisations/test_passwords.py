"""Which passwords are refused: short, breached, and made of words that anybody here would guess."""

import gzip
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils import translation

from organisations import passwords
from organisations.models import User
from tests import factories

LIST = settings.BASE_DIR / "organisations" / "data" / "breached_passwords.txt.gz"


def refusals(password: str, user: Any = None) -> list[str]:
    try:
        validate_password(password, user)
    except ValidationError as refused:
        return [str(one.code) for one in refused.error_list]
    return []


class TestLength:
    def test_is_twelve_characters_or_more(self) -> None:
        assert refusals("mjvxqkzptrw") == ["password_too_short"]
        assert refusals("mjvxqkzptrwd") == []

    @pytest.mark.parametrize(("language", "words"), [("sv", "för kort"), ("nb", "for kort")])
    def test_is_refused_in_the_language_of_who_chooses(self, language: str, words: str) -> None:
        with translation.override(language), pytest.raises(ValidationError, match=words):
            validate_password("mjvxqkzptrw")

    def test_is_128_at_most(self) -> None:
        assert refusals("mjvxqkzp" * 16) == []
        assert refusals("mjvxqkzp" * 16 + "m") == ["password_too_long"]


class TestComposition:
    @pytest.mark.parametrize(
        "password",
        [
            "seven green bottles",
            "sju gröna flaskor",
            "739184650271",
            "瓶の中の緑の手紙を読むのは誰",
        ],
    )
    def test_is_nobodys_business(self, password: str) -> None:
        assert refusals(password) == []


class TestBreachedPasswords:
    def test_are_three_thousand_and_more_that_are_long_enough_to_be_tried(self) -> None:
        with gzip.open(LIST, "rt", encoding="utf-8") as lines:
            entries = [line.rstrip("\n") for line in lines]

        assert len(entries) == len(set(entries)) >= 3_000
        assert all(len(entry) >= 12 and entry == entry.lower() for entry in entries)

    @pytest.mark.parametrize(
        "password",
        [
            *("1q2w3e4r5t6y", "1qaz2wsx3edc", "123qweasdzxc", "leavemealone", "unbelievable"),
            *("iloveyou1234", "123456789012", "correct horse battery staple", "LeaveMeAlone"),
        ],
    )
    def test_are_refused_in_any_case(self, password: str) -> None:
        assert "password_too_common" in refusals(password)


class TestWordsOfThisPlace:
    @pytest.mark.parametrize(
        "password",
        [
            *("integrationhub", "Integration-Hub-2026", "hubhubhubhub", "visma 2026 nmbrs"),
            *("PowerOffice12!", "p0w3r0ff1c3!!", "Payroll-202611", "Lönekörning 2026"),
            *("lønnskjøring1", "sommar2026!!", "Redovisning#1", "välkommen123", "losenord1234x"),
        ],
    )
    def test_are_no_password_with_or_without_digits(self, password: str) -> None:
        assert "password_of_context_words" in refusals(password)

    @pytest.mark.parametrize(
        "password", ["payroll on monday with jam", "hubert eats cabbage", "visma-kzptrw-77"]
    )
    def test_may_stand_beside_words_of_ones_own(self, password: str) -> None:
        assert refusals(password) == []

    @pytest.mark.parametrize("password", ["Ek-Lindqvist77", "adalindqvist!!", "kontorsverket 1"])
    def test_are_the_persons_name_and_address(self, password: str) -> None:
        ada = User(name="Ada Ek Lindqvist", email="ada@kontorsverket.example")

        assert "password_of_context_words" in refusals(password, ada)

    @pytest.mark.django_db
    def test_are_the_names_of_the_persons_organisations(self) -> None:
        member = factories.member(factories.organisation("Fjordbyrån Redovisning"))

        assert refusals("Fjordbyrån2026", member.user) == ["password_of_context_words"]
        assert refusals("Fjordbyran 2026", factories.member().user) == []

    def test_are_the_name_of_the_organisation_that_invites(self) -> None:
        ada = User(name="Ada", email="a@b.example")
        ada.joining = [factories.Organisation(name="Fjordbyrån")]

        assert refusals("Fjordbyrån2026", ada) == ["password_of_context_words"]

    @pytest.mark.parametrize(
        ("language", "words"),
        [("en", "nobody here would guess"), ("sv", "gissa"), ("nb", "gjette")],
    )
    def test_are_refused_in_the_language_of_the_reader(self, language: str, words: str) -> None:
        with translation.override(language):
            assert words in str(passwords.ContextWordValidator().get_help_text())
