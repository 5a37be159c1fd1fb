"""What each answer of Visma.net is: by status, then by what we knew, then by its words."""

import json
from datetime import date

import pytest

from connectors import errors as generic
from connectors.base import (
    Account,
    Administration,
    Branch,
    Dimension,
    DimensionValue,
    LedgerFacts,
    Period,
)
from connectors.http.answers import Answer
from connectors.vismanet import errors, refusals
from tests.connectors.vismanet.shapes import batch

GUID = "9b2e4c1a-1111-4222-8333-444455556666"


def answer(status, text="", *, visma_id=False, body=None, headers=None):
    if body is None:
        message = f"VismaId: {GUID}. {text}" if visma_id else text
        body = json.dumps({"message": message}).encode() if message else b""
    return Answer(status, headers or {}, body)


def failure(status, text="", *, visma_id=True, facts=None, **changes):
    return refusals.failure(
        answer(status, text, visma_id=visma_id), writes=True, batch=batch(**changes), facts=facts
    )


class TestReadFailure:
    @pytest.mark.parametrize(
        ("body", "text", "visma_id", "fault"),
        [
            (
                f'{{"message": "VismaId: {GUID}. Account is inactive."}}',
                "Account is inactive.",
                GUID,
                "",
            ),
            ('{"Message": "No."}', "No.", "", ""),
            (
                '{"ExceptionType": "IPPException", "ExceptionMessage": "No license for this '
                'company.", "ExceptionFaultCode": "12027"}',
                "No license for this company.",
                "",
                "12027",
            ),
            ('{"statusCode": 404, "message": "Resource not found"}', "Resource not found", "", ""),
            ('{"odd": {"deep": ["a", 1, "b"]}}', "a; b", "", ""),
            ('["a"]', "a", "", ""),
            ('"just text"', "just text", "", ""),
            ("plain text", "plain text", "", ""),
            ("<Error><Message>Stängd &amp; låst</Message></Error>", "Stängd & låst", "", ""),
            ("<html><style>x{}</style><h1>502</h1></html>", "502", "", ""),
            ("", "", "", ""),
        ],
    )
    def test_reads_every_shape(self, body, text, visma_id, fault):
        said = refusals.read_failure(Answer(400, {}, body.encode()))

        assert (said.text, said.visma_id, said.fault_code) == (text, visma_id, fault)

    @pytest.mark.parametrize("body", [b"\xff\xfe\x00", b"{" * 2000, b"<" * 5000, b"null"])
    def test_never_fails_itself(self, body):
        assert refusals.read_failure(Answer(500, {}, body)) is not None


WORDS = [
    ("The 03-2026 financial period is closed.", errors.PeriodClosed, {"period": "202603"}),
    (
        "The 03-2026 financial period is closed in the Main company.",
        errors.PeriodClosed,
        {"period": "202603"},
    ),
    ("The 03-2026 financial period is inactive.", errors.PeriodClosed, {"period": "202603"}),
    (
        "The financial period that corresponds to the 3/25/2026 date does not exist in the Main "
        "company.",
        errors.PeriodMissing,
        {"period": "202603"},
    ),
    (
        "The date is outside the range of the selected financial period.",
        errors.DateOutsidePeriod,
        {"period": "202603", "date": "2026-03-25"},
    ),
    ("Batch is out of balance, please review.", errors.OutOfBalance, {}),
    ("Account is inactive.", errors.AccountInactive, {"account": "2821, 7010"}),
    ("Subaccount 0100-K10 is inactive.", errors.DimensionValueInactive, {"value": "0100-K10"}),
    ("Branch is inactive.", errors.BranchInactive, {"branch": "…"}),
    (
        "Denominated GL Account currency is different from transaction currency.",
        errors.CurrencyDiffers,
        {"currency": "SEK"},
    ),
    (
        "Both Debit and Credit parts of transaction are not zero. Exiting with error.",
        errors.NotSendable,
        {},
    ),
    (
        "Cannot post transactions directly to Year to Date Net Income.",
        errors.AccountTakesNoEntries,
        {"account": "2821, 7010"},
    ),
    (
        "The document cannot be released. No posting ledger of the Actual type is specified for "
        "the branch.",
        errors.LedgerMissing,
        {"branch": "…"},
    ),
    (
        "Account '9999' cannot be found in the system.",
        errors.AccountUnknown,
        {"account": "9999"},
    ),
    (
        "accountNumber '9999' cannot be found in the system.",
        errors.AccountUnknown,
        {"account": "9999"},
    ),
    (
        "SubID '0999' cannot be found in the system.",
        errors.DimensionValueUnknown,
        {"value": "0999"},
    ),
    (
        "FinPeriodID '202699' cannot be found in the system.",
        errors.PeriodMissing,
        {"period": "202603"},
    ),
    (
        "TaxCategoryID '0' cannot be found in the system.",
        errors.ValueUnknown,
        {"field": "TaxCategoryID", "value": "0"},
    ),
    (
        "Another process has added the 'Batch' record. Your changes will be lost.",
        errors.DuplicateNumber,
        {},
    ),
]


class TestFailure:
    @pytest.mark.parametrize(("text", "kind", "params"), WORDS)
    @pytest.mark.parametrize("status", [400, 500])
    def test_knows_the_english_texts_with_either_status(self, text, kind, params, status):
        found = failure(status, text)

        assert type(found) is kind
        assert {**found.params, **params} == found.params
        assert found.detail == text
        assert found.trace_id == GUID

    @pytest.mark.parametrize(
        "text",
        [
            "Något gick fel.",
            "Object reference not set to an instance of an object.",
            "Posten 'Batch' har redan lagts till av en annan process.",
            "En annan process har lagt till posten 'Batch'.",
            "",
        ],
    )
    def test_calls_a_500_unknown_unless_it_names_a_field(self, text):
        assert type(failure(500, text)) is generic.OutcomeUnknown

    def test_calls_a_500_unknown_without_the_erps_own_mark(self):
        found = failure(500, "Account '9999' cannot be found in the system.", visma_id=False)

        assert type(found) is generic.OutcomeUnknown

    def test_takes_a_500_that_names_a_field_as_refused_in_any_language(self):
        found = failure(500, "TaxCategoryID '0' finns inte i systemet.")

        assert type(found) is generic.Rejected
        assert "finns inte" in found.detail

    @pytest.mark.parametrize("status", [502, 503, 504, 501, 599])
    def test_calls_every_other_server_error_unknown_whatever_it_says(self, status):
        assert type(failure(status, "Account is inactive.")) is generic.OutcomeUnknown

    @pytest.mark.parametrize(
        ("status", "kind"),
        [
            (400, generic.Rejected),
            (401, generic.NotAuthorized),
            (403, generic.Forbidden),
            (404, generic.NotFound),
            (409, errors.DuplicateNumber),
            (412, generic.ChangedMeanwhile),
            (422, generic.Rejected),
            (429, generic.RateLimited),
            (302, generic.OutcomeUnknown),
        ],
    )
    def test_reads_the_status_first(self, status, kind):
        assert type(failure(status, "Ett besked.")) is kind

    @pytest.mark.parametrize("status", [400, 401, 403, 500])
    def test_knows_a_missing_licence_by_its_code(self, status):
        body = json.dumps(
            {"ExceptionMessage": "Ingen licens.", "ExceptionFaultCode": "12027"}
        ).encode()

        found = refusals.failure(answer(status, body=body), writes=True, batch=batch())

        assert type(found) is errors.NoLicence

    def test_says_look_it_up_when_a_foreign_text_names_our_number(self):
        found = failure(400, "Numret HUB0001 finns redan.", own_number="HUB0001")

        assert type(found) is errors.DuplicateNumber

    def test_keeps_the_wait_of_a_429(self):
        limited = answer(429, "Rate limit", headers={"Retry-After": "12"})

        assert refusals.failure(limited, writes=True, batch=batch()).retry_after == 12

    def test_never_shows_a_list_of_amounts(self):
        echo = "Fel: 28500.00 31200.50 410.00 7.25"

        assert "28500.00" not in failure(400, echo).detail

    def test_reads_a_failed_read_by_its_status_alone(self):
        found = refusals.failure(answer(400, "Account is inactive.", visma_id=True), writes=False)

        assert type(found) is generic.Rejected


def facts(**changes):
    plain = {
        "administration": Administration("1", "A"),
        "accounts": (Account("7010", "Salaries"), Account("2821", "Debt")),
        "periods": (Period("202603", date(2026, 3, 1), open=True),),
        "dimensions": (
            Dimension(1, "Kst", 4, (DimensionValue("0100", "A"),)),
            Dimension(2, "Kb", 3, (DimensionValue("K10", "B"),)),
        ),
        "branches": (Branch("1", "Main"),),
    }
    return LedgerFacts(**(plain | changes))


class TestFailureWithFacts:
    """A refusal in a language we cannot read is explained by what we had read before."""

    @pytest.mark.parametrize(
        ("changes", "kind", "params"),
        [
            (
                {"periods": (Period("202603", date(2026, 3, 1), open=False),)},
                errors.PeriodClosed,
                {},
            ),
            (
                {"periods": (Period("202602", date(2026, 2, 1), open=True),)},
                errors.PeriodMissing,
                {},
            ),
            ({"accounts": (Account("7010", "S"),)}, errors.AccountUnknown, {"account": "2821"}),
            (
                {"accounts": (Account("7010", "S"), Account("2821", "D", active=False))},
                errors.AccountInactive,
                {"account": "2821"},
            ),
            (
                {
                    "accounts": (
                        Account("7010", "S", takes_manual_entries=False),
                        Account("2821", "D"),
                    )
                },
                errors.AccountTakesNoEntries,
                {"account": "7010"},
            ),
            (
                {"accounts": (Account("7010", "S", currency="EUR"), Account("2821", "D"))},
                errors.CurrencyDiffers,
                {"currency": "SEK"},
            ),
            (
                {"dimensions": (Dimension(1, "Kst", 4, (DimensionValue("0100", "A"),)),)},
                errors.DimensionValueUnknown,
                {"value": "K10"},
            ),
            (
                {
                    "dimensions": (
                        Dimension(1, "Kst", 4, (DimensionValue("0100", "A", active=False),)),
                        Dimension(2, "Kb", 3, validated=False),
                    )
                },
                errors.DimensionValueInactive,
                {"value": "0100"},
            ),
        ],
    )
    def test_explains(self, changes, kind, params):
        found = failure(400, "Ett fel har uppstått.", facts=facts(**changes))

        assert type(found) is kind
        assert {**found.params, **params} == found.params

    def test_says_what_the_words_say_when_the_facts_are_fine(self):
        assert type(failure(400, "Account is inactive.", facts=facts())) is errors.AccountInactive

    def test_stays_plain_when_neither_helps(self):
        assert type(failure(400, "Ett fel.", facts=facts())) is generic.Rejected

    def test_never_explains_away_a_duplicate(self):
        closed = facts(periods=(Period("202603", date(2026, 3, 1), open=False),))

        found = failure(400, "Another process has added the 'Batch' record.", facts=closed)

        assert type(found) is errors.DuplicateNumber

    def test_takes_an_unlisted_value_of_a_free_segment(self):
        free = (
            Dimension(1, "Kst", 4, (DimensionValue("0100", "A"),)),
            Dimension(2, "Kb", 3, validated=False),
        )

        assert list(refusals.problems(batch(), facts(dimensions=free))) == []

    def test_says_that_the_branch_is_inactive(self):
        closed = facts(branches=(Branch("1", "Main", active=False),))

        assert list(refusals.problems(batch(branch="1"), closed)) == [
            (errors.BranchInactive, {"branch": "1"})
        ]
