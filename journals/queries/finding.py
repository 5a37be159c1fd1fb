"""Journals, found by reference, company, or number in the ledger."""

from django.db.models import Q
from django.urls import reverse

from journals.models import Batch, Journal
from journals.queries.wording import journal_state_words
from organisations.finding import Found
from organisations.models import Organisation


def journals(organisation: Organisation, text: str, most: int) -> list[Found]:
    """Return the newest journals that the text names."""
    by_number = Batch.objects.of(organisation).filter(vendor_number=text).values("journal")
    found = (
        Journal.objects.of(organisation)
        .filter(
            Q(reference__icontains=text)
            | Q(company__number=text)
            | Q(company__name__icontains=text)
            | Q(pk__in=by_number)
        )
        .select_related("company")
        .order_by("-run_period", "-pk")[:most]
    )
    return [
        Found(
            title=journal.reference,
            detail=f"{journal.company.name} · {journal_state_words(journal.state)}",
            url=reverse("journals:detail", args=[journal.pk]),
        )
        for journal in found
    ]
