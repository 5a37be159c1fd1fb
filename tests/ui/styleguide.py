"""Made-up content for templates/parts/_styleguide.html, which shows every part once."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

from django import forms
from django.core.paginator import Paginator

from ui.badges import BADGES

NOW = datetime(2026, 4, 1, 9, 17, tzinfo=UTC)
AT = NOW - timedelta(minutes=3)
ICONS = [
    "check",
    "cross",
    "clock",
    "question",
    "pause",
    "send",
    "sending",
    "ledger",
    "link",
    "unlink",
    "building",
    "people",
    "upload",
    "file",
    "warning",
    "stop",
    "info",
    "search",
    "filter",
    "sort",
    "chevron-down",
    "menu",
    "sun",
    "moon",
    "globe",
    "sign-out",
    "settings",
    "key",
    "shield",
    "undo",
    "refresh",
    "eye",
    "download",
    "play",
    "plus",
    "edit",
    "copy",
    "calendar",
    "flag",
    "beaker",
    "lock",
    "hand",
    "mail",
    "home",
    "list",
    "trash",
    "compare",
    "mark",
]


class MappingForm(forms.Form):
    """A form with one field of each kind, some of them wrong."""

    company = forms.ChoiceField(choices=[("1", "Norrsken Bygg AB")], label="Company")
    description = forms.CharField(
        label="Description of the cost centre in Visma.net",
        help_text="As it reads there; capitals do not matter.",
    )
    pattern = forms.CharField(label="Balance-sheet format", required=False)
    carries = forms.BooleanField(
        label="Post the cost centre", required=False, help_text="On lines that carry one."
    )
    closed = forms.ChoiceField(
        label="When the period is closed",
        widget=forms.RadioSelect,
        choices=[("refuse", "Refuse"), ("hold", "Hold until it is open again")],
        help_text="There is no usual answer: choose one.",
    )
    kinds = forms.MultipleChoiceField(
        label="Send",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=[("run", "Runs"), ("correction", "Corrections")],
    )
    note = forms.CharField(label="Note", required=False, widget=forms.Textarea)
    upload = forms.FileField(label="Payroll file", required=False)


def context(**more: object) -> dict[str, object]:
    """Return what the style guide needs, signed in, as `organisations.context.page` does."""
    amounts = [Decimal("257438.90"), Decimal("-2080.31"), Decimal("4205.44")]
    states = ["posted", "sending", "unknown", "rejected", "held", "not_sent"]
    return {
        "page_title": "Norrsken Bygg AB",
        "page_subtitle": "Payroll company 556677-8899, mapped to Visma.net",
        "breadcrumbs": [{"label": "Companies", "url": "#x"}],
        "organisation": SimpleNamespace(name="Fjällbacka Redovisning AB"),
        "memberships": [
            {"id": 1, "name": "Fjällbacka Redovisning AB", "current": True},
            {"id": 2, "name": "Oslo Regnskap AS", "current": False},
        ],
        "switch_organisation_url": "#switch",
        "sign_out_url": "#out",
        "theme_url": "#theme",
        "home_url": "#home",
        "app_version": "0.1.0",
        "sandbox_in_use": True,
        "sandbox_url": "#sandbox",
        "user": SimpleNamespace(is_authenticated=True),
        "user_name": "Astrid Lund",
        "role_name": "Administrator",
        "user_menu_items": [{"label": "Your account", "url": "#me", "icon": "person"}],
        "nav_items": [
            {"label": "Overview", "url": "#1", "icon": "home", "count": 3},
            {"label": "Companies", "url": "#2", "icon": "building", "current": True},
            {"label": "Import", "url": "#3", "icon": "upload"},
            {"label": "Visma.net accounts", "url": "#4", "icon": "link"},
            {"label": "Administrations", "url": "#5", "icon": "ledger"},
            {"label": "People", "url": "#6", "icon": "people"},
        ],
        "tabs_items": [
            {"label": "Journals", "url": "#j", "current": True, "count": 36},
            {"label": "Mapping", "url": "#m", "count": None},
            {"label": "Settings", "url": "#s", "count": None},
        ],
        "first_steps": [
            {"label": "Authorise a Visma.net account", "done": True, "url": "#a"},
            {
                "label": "Map a company",
                "done": False,
                "url": "#b",
                "text": "Choose the company and its administration in Visma.net.",
            },
            {"label": "Upload a payroll file", "done": False, "url": "#c", "text": "SIE or CSV."},
        ],
        "now": NOW,
        "at": AT,
        "zero": Decimal("0.00"),
        "total": Decimal("257438.90"),
        "journals": [
            {
                "reference": f"LON-2026-0{number}",
                "run": f"2026-0{number}",
                "state": state,
                "sent": state == "posted",
                "total": amounts[number % 3],
            }
            for number, state in enumerate(states, start=1)
        ],
        "page": Paginator(range(240), 20).page(4),
        "lines": [
            {
                "account": "7010",
                "text": "Wages",
                "amount": Decimal("198200.00"),
                "sub": "100-20",
                "debit": Decimal("198200.00"),
                "credit": None,
            },
            {
                "account": "7510",
                "text": "Social fees, correction",
                "amount": Decimal("59238.90"),
                "sub": "100-30",
                "debit": Decimal("59238.90"),
                "credit": None,
                "differs": True,
            },
            {
                "account": "2710",
                "text": "Tax withheld",
                "amount": Decimal("-257438.90"),
                "sub": "000-00",
                "debit": None,
                "credit": Decimal("257438.90"),
            },
        ],
        "failure": {
            "summary": "Period 2026-02 is closed in Visma.net.",
            "remedy": "Open it there, or change the closed-period rule, then press Send again.",
            "not_booked": "Batch 2 of 3, SEK 2 080.31. January and March are posted.",
            "who_text": "An administrator of the ledger",
            "action_url": "#map",
            "action_label": "Open the mapping",
            "detail": 'HTTP 400\n{"message": "VismaId: 5f2c. The period is closed."}',
            "trace_id": "5f2c-77a1",
            "at": AT,
        },
        "waiting": {
            "summary": "Visma.net gave no clear answer. It may or may not have been booked.",
            "remedy": (
                "No action needed. The hub is checking the ledger and will not resend until it "
                "has an answer."
            ),
            "who_text": "Nobody",
            "tone": "warn",
            "at": AT,
        },
        "problem_rows": [
            {
                "place": "mars.si, line 14, account",
                "summary": "Account 7519 does not exist in Visma.net.",
                "remedy": "Create it there, or map it to another account.",
                "url": "#fix",
                "action": "Map the account",
            },
            {"summary": "Cost centre 040 is inactive.", "tone": "warn"},
            {"summary": "Two equal lines were added up.", "tone": "info"},
        ],
        "events": [
            {
                "at": AT,
                "title": "Posted as 000417",
                "tone": "good",
                "icon": "check",
                "took": "0.8 s",
            },
            {
                "at": AT,
                "title": "Visma.net could not be reached",
                "tone": "warn",
                "icon": "warning",
                "detail": "ConnectTimeout",
            },
            {"at": AT - timedelta(days=2), "title": "Sent", "icon": "send", "by": "Astrid Lund"},
        ],
        "states": list(BADGES),
        "icons": ICONS,
        "steps": ["Company", "Administration", "Dimensions", "Sending", "Check"],
        "form": MappingForm(data={"company": "1"}),
        **more,
    }
