"""Every pair of states of a registration is in the table, or not."""

from payments.rules.references import reference_of
from payments.rules.states import VALID_TRANSITIONS, RegistrationState


def test_the_table_names_every_state():
    assert set(VALID_TRANSITIONS) == set(RegistrationState)


def test_nothing_is_sent_again_after_an_unclear_answer_without_going_through_ready():
    for state, followers in VALID_TRANSITIONS.items():
        if RegistrationState.SENDING in followers:
            assert state == RegistrationState.READY


def test_a_reference_is_the_same_when_it_is_made_again():
    def make(**more):
        values = {
            "vendor": "businessnxt",
            "company": "1",
            "journal_number": 7,
            "audit_number": 2,
            "invoice_number": "1001",
            "round": 0,
        }
        return reference_of(**(values | more))

    assert make() == make()
    assert len({make(), make(round=1), make(company="2"), make(audit_number=3)}) == 4
