"""Marking what is unlike the run before, and what people do about a mark (B6)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Count, F, Q, Sum

from audit import trail
from connectors.errors import ConnectorError
from journals.models import Journal, JournalMark, MarkRule, MutedAccount
from journals.rules import last_month as rules
from journals.rules import refusals
from journals.rules.account_kinds import is_result
from organisations.models import Company, User
from sources.models import JournalLine

MOST_DAYS_MUTED = 400
_SENT = (Journal.State.SENT, Journal.State.BOOKED_BEFORE)


@dataclass(frozen=True, slots=True)
class Corrections:
    """What a run corrects of earlier periods: how many, and by how much the result moves."""

    periods: int
    result: Decimal


@dataclass(frozen=True, slots=True)
class Comparison:
    """A run beside those before it."""

    run: rules.Run
    history: rules.History
    marks: list[rules.Mark]
    corrections: Corrections


class CannotExplain(ValueError):
    """No reason was chosen, or *other* without words."""


# --- Comparing ------------------------------------------------------------------------------


def compare(journal: Journal, *, today: date) -> Comparison:
    """Return the journal beside the company's earlier runs; nothing is written."""
    others = _others(journal)
    names = {each.pk: _name(each) for each in others}
    alike = [each.key for each in rules.comparable(_name(journal), names.values())]
    by_pk = {each.pk: each for each in others}
    wanted = [journal, *others]
    runs = _runs(wanted)
    run = runs[journal.pk]
    last_year = rules.year_before(journal.run_period)
    history = rules.History(
        before=tuple(runs[pk] for pk in alike),
        last_year=next((runs[pk] for pk in alike if by_pk[pk].run_period == last_year), None),
        sent=tuple(runs[pk] for pk, each in by_pk.items() if each.state in _SENT),
        known_accounts=_known(journal, run),
    )
    muted = set(
        MutedAccount.objects.filter(company=journal.company_id, until__gte=today).values_list(
            "account", flat=True
        )
    )
    found = rules.marks(run, history, currency=journal.currency)
    return Comparison(
        run=run,
        history=history,
        marks=[mark for mark in found if not mark.account or mark.account not in muted],
        corrections=_corrections(journal),
    )


def _name(journal: Journal) -> rules.RunName:
    return rules.RunName(key=journal.pk, period=journal.run_period, name=journal.run)


def _others(journal: Journal) -> list[Journal]:
    """Return the company's other runs of the last thirteen months."""
    year, month = int(journal.run_period[:4]), int(journal.run_period[5:])
    first = f"{year - 1}-{month:02}"
    found = Journal.objects.filter(
        company=journal.company_id, run_period__gte=first, run_period__lte=journal.run_period
    ).exclude(pk=journal.pk)
    # What it sends again, or what is sent again in its place, is the same run.
    twins = Q(pk=journal.resend_of_id or 0) | Q(resend_of=journal)
    return list(
        found.exclude(Q(state=Journal.State.REVERSED) | twins).only(
            "pk", "run", "run_period", "reference", "state", "content_id"
        )
    )


def _runs(journals: Iterable[Journal]) -> dict[int, rules.Run]:
    """Return the own period of each, summed in the database."""
    found = list(journals)
    amounts: dict[int, dict[tuple[str, str], Decimal]] = defaultdict(dict)
    lines: dict[int, int] = defaultdict(int)
    summed = (
        JournalLine.objects.filter(
            content__in={each.content_id for each in found}, period=F("content__run_period")
        )
        .values_list("content_id", "account", "cost_centre")
        .order_by()
        .annotate(Sum("amount"), Count("pk"))
    )
    for content, account, centre, amount, count in summed:
        amounts[content][account, centre] = amount
        lines[content] += count
    return {
        each.pk: rules.Run(
            reference=each.reference,
            period=each.run_period,
            amounts=amounts[each.content_id],
            lines=lines[each.content_id],
            is_sent=each.state in _SENT,
        )
        for each in found
    }


def _known(journal: Journal, run: rules.Run) -> frozenset[str]:
    """Return which of the run's accounts any earlier journal of the company has used."""
    earlier = JournalLine.objects.filter(
        content__journals__company=journal.company_id,
        content__journals__run_period__lt=journal.run_period,
        account__in=list(run.accounts),
    )
    return frozenset(earlier.order_by().values_list("account", flat=True).distinct())


def _corrections(journal: Journal) -> Corrections:
    summed = (
        JournalLine.objects.filter(content=journal.content_id)
        .exclude(period=journal.run_period)
        .order_by()
        .values_list("period", "account")
        .annotate(Sum("amount"))
    )
    found = list(summed)
    result = (
        amount
        for _period, account, amount in found
        if is_result(account, currency=journal.currency)
    )
    return Corrections(len({period for period, *_rest in found}), sum(result, Decimal(0)))


# --- Marks ----------------------------------------------------------------------------------


def refresh(journal: Journal, *, today: date) -> Comparison:
    """
    Let the stored marks be those of now; one that is the same keeps its explanation.

    Nothing is written where nothing has changed.
    """
    found = compare(journal, today=today)
    wanted = {(str(m.kind), m.account, m.centre): dict(m.words) for m in found.marks}
    with transaction.atomic():
        mine = JournalMark.objects.filter(journal=journal)
        stored = {(m.kind, m.account, m.centre): m for m in mine}
        kept = {key: m for key, m in stored.items() if wanted.get(key) == m.words}
        gone = [m.pk for key, m in stored.items() if key not in kept]
        if gone:
            JournalMark.objects.filter(pk__in=gone).delete()
        JournalMark.objects.bulk_create(
            [
                JournalMark(
                    organisation_id=journal.organisation_id,
                    journal=journal,
                    number=number,
                    kind=kind,
                    account=account,
                    centre=centre,
                    words=words,
                )
                for number, ((kind, account, centre), words) in enumerate(wanted.items(), 1)
                if (kind, account, centre) not in kept
            ],
            ignore_conflicts=True,  # two people open the page at once
        )
    return found


def explain(
    *, marks: Sequence[JournalMark], reason: str, words: str, by: User, now: datetime
) -> int:
    """
    Record why the marks of one journal are as they should be; return how many that explains.

    :raises CannotExplain: if there is no reason, or *other* without words
    """
    words = " ".join(words.split())
    if reason not in JournalMark.Reason.values:
        raise CannotExplain("reason")
    if reason == JournalMark.Reason.OTHER and not words:
        raise CannotExplain("words")
    with transaction.atomic():
        done = JournalMark.objects.filter(pk__in=[mark.pk for mark in marks], reason="").update(
            reason=reason, explanation=words, explained_by=by, explained_at=now
        )
        if done:
            journal = marks[0].journal
            journal.remember("marks_explained", now=now, user=by, marks=str(done))
            trail.record(
                organisation=journal.organisation,
                action="journal.explained",
                subject=journal,
                user=by,
                details={"reason": reason, "marks": done},
            )
    return done


def mute(*, company: Company, account: str, until: date, by: User, now: datetime) -> MutedAccount:
    """
    Mark nothing about an account of a company until a date.

    :raises ValueError: if the date is past, or more than thirteen months away
    """
    today = now.date()
    if not today <= until <= today + timedelta(days=MOST_DAYS_MUTED):
        raise ValueError("until")
    with transaction.atomic():
        row, _made = MutedAccount.objects.update_or_create(
            company=company,
            account=account,
            defaults={
                "organisation_id": company.organisation_id,
                "until": until,
                "by": by,
                "at": now,
            },
        )
        _record(company, "company.account_muted", by, account=account, until=until.isoformat())
    return row


def unmute(*, muted: MutedAccount, by: User) -> None:
    """Mark the account again."""
    with transaction.atomic():
        _record(muted.company, "company.account_heard", by, account=muted.account)
        muted.delete()


def set_gate(*, company: Company, gate: str, by: User) -> None:
    """Choose what the marks of the company's journals stop."""
    chosen = MarkRule.Gate(gate)
    with transaction.atomic():
        MarkRule.objects.update_or_create(
            company=company,
            defaults={"organisation_id": company.organisation_id, "gate": chosen},
        )
        _record(company, "company.marks_stop", by, gate=gate)


def _record(company: Company, action: str, by: User, **details: str) -> None:
    trail.record(
        organisation=company.organisation,
        action=action,
        subject=company,
        user=by,
        details=dict(details),
    )


# --- What they stop -------------------------------------------------------------------------


def gate_of(company_id: int) -> str:
    """Return what the marks of the company's journals stop."""
    rule = MarkRule.objects.filter(company=company_id).first()
    return rule.gate if rule else MarkRule.Gate.SHOW


def must_be_explained(journals: Sequence[Journal]) -> dict[int, ConnectorError]:
    """Return which journals must not be sent yet: with open marks, where the company says so."""
    companies = MarkRule.objects.filter(
        company__in={each.company_id for each in journals}, gate=MarkRule.Gate.EXPLAIN
    ).values_list("company_id", flat=True)
    strict = set(companies)
    asked = {each.pk: each for each in journals if each.company_id in strict}
    if not asked:
        return {}
    counted = (
        JournalMark.objects.filter(journal__in=asked, reason="")
        .order_by()
        .values_list("journal")
        .annotate(Count("pk"))
    )
    return {
        pk: refusals.MarksToExplain(reference=asked[pk].reference, marks=str(count))
        for pk, count in counted
    }
