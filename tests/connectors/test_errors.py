"""Every failure carries its words; the words can be filled; nothing secret comes along."""

import json

import pytest

from connectors import errors, registry
from connectors.errors import ConnectorError

# Those of the higher layers too, if other tests of the same run have imported them.
EVERY = [kind for kind in registry.all_errors() if kind.__module__.startswith("connectors.")]
FIVE = (
    errors.Unavailable,
    errors.OutcomeUnknown,
    errors.NotAuthorized,
    errors.Rejected,
    errors.BadAnswer,
)
WHO = {errors.PAYROLL, errors.ADMINISTRATOR, errors.OPERATOR, errors.NOBODY}


def name(kind):
    return kind.code()


class TestEveryFailure:
    def test_is_one_of_the_five(self):
        assert len(EVERY) > 30
        assert all(sum(issubclass(kind, one) for one in FIVE) == 1 for kind in EVERY)

    @pytest.mark.parametrize("kind", EVERY, ids=name)
    def test_says_what_happened_what_to_do_and_who_does_it(self, kind):
        assert kind.summary.endswith(".")
        assert kind.remedy.endswith(".")
        assert kind.not_booked.endswith(".")
        assert kind.who in WHO
        assert kind.__doc__

    @pytest.mark.parametrize("kind", EVERY, ids=name)
    def test_holds_no_placeholder_that_nobody_fills(self, kind):
        assert kind.placeholders() <= set(kind.needs)

    @pytest.mark.parametrize("kind", EVERY, ids=name)
    def test_can_be_shown_even_when_a_parameter_was_forgotten(self, kind):
        failure = kind()

        for text in (failure.summary, failure.remedy, failure.not_booked):
            assert "{" not in text.format(**failure.params)

    @pytest.mark.parametrize("kind", EVERY, ids=name)
    def test_is_found_again_by_its_stored_code(self, kind):
        assert registry.error_class(kind.code()) is kind

    @pytest.mark.parametrize("kind", EVERY, ids=name)
    def test_can_be_stored(self, kind):
        failure = kind(vendor="Vendor", detail="text")

        assert json.loads(json.dumps(failure.params)) == failure.params

    def test_has_a_code_of_its_own(self):
        assert len({kind.code() for kind in EVERY}) == len(EVERY)

    @pytest.mark.parametrize(
        "kind", [one for one in EVERY if issubclass(one, errors.OutcomeUnknown)], ids=name
    )
    def test_does_not_claim_that_nothing_was_booked_when_nobody_knows(self, kind):
        if kind.code() != "oauth.RefreshLost":
            assert kind.not_booked != ConnectorError.not_booked

    def test_an_unknown_code_is_named(self):
        with pytest.raises(LookupError):
            registry.error_class("vismanet.NoSuchThing")


class TestRedacted:
    @pytest.mark.parametrize(
        "secret",
        [
            "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
            "Bearer abc.def-ghi",
            "refresh_token=topsecret",
            "client_secret=topsecret&x=1",
            "code_verifier=topsecret",
        ],
    )
    def test_hides_every_kind_of_secret(self, secret):
        text = errors.redacted(f"failed with {secret} there")

        assert "topsecret" not in text
        assert "abc.def" not in text
        assert "eyJ" not in text

    def test_keeps_two_amounts_and_hides_a_list_of_them(self):
        few = "debit 10.00 and credit 9.50"
        many = "lines: 28500.00, 31200.50, -410.00, 7,25"

        assert errors.redacted(few) == few
        assert errors.redacted("a\x00b") == "ab"
        assert errors.redacted(many) == "lines: …, …, …, …"

    def test_is_never_longer_than_two_thousand(self):
        assert len(errors.Unavailable(detail="x" * 5000).detail) == 2000

    def test_covers_what_a_log_line_shows(self):
        failure = errors.Unavailable(vendor="V", detail="Bearer abc.def")

        assert "abc.def" not in str(failure) + repr(failure)
