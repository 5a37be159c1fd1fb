"""The key of a batch follows from its content: after a restore the same file makes the same one."""

import pytest

from journals.models import Batch, Journal, journal_of
from tests import factories
from tests.journals.importing.builders import company, imported, sie

pytestmark = pytest.mark.django_db


def keys_of(organisation: object, content: bytes) -> set[str]:
    file = imported(organisation, content)  # type: ignore[arg-type]
    assert file.state in ("imported", "needs_run"), file.state
    return set(Batch.objects.filter(journal=journal_of(file)).values_list("key", flat=True))


class TestKey:
    def test_is_the_same_when_the_journal_is_imported_into_a_restored_database(self) -> None:
        of = factories.organisation()
        company(of)
        before = keys_of(of, sie())
        Journal.objects.all().delete()

        again = keys_of(of, sie())

        assert before == again
        assert len(before) == 1

    def test_is_another_for_other_content(self) -> None:
        of = factories.organisation()
        company(of)
        before = keys_of(of, sie())
        Journal.objects.all().delete()

        other = keys_of(of, sie(rows=[("7010", "1001.00"), ("2821", "-1001.00")]))

        assert before.isdisjoint(other)

    def test_is_another_for_another_office(self) -> None:
        one, other = factories.organisation(), factories.organisation()
        company(one)
        company(other)

        assert keys_of(one, sie()).isdisjoint(keys_of(other, sie()))
