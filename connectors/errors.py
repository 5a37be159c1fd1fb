"""
The five failures, each answering "what happens next?".

    ConnectorError
      Unavailable      nothing was stored there        -> we send again later (rate limits too)
      OutcomeUnknown   sent, no clear answer           -> we look it up before anything else
      NotAuthorized    token refused after a refresh   -> the user reconnects
      Rejected         understood, and refused         -> the user corrects
      BadAnswer        we cannot read the answer       -> the operator looks; nothing is guessed

A vendor subclasses one only when the user must do something different.
"""

import re
from string import Formatter
from typing import ClassVar

from connectors.bounds import as_text
from connectors.words import gettext_noop as _

PAYROLL, ADMINISTRATOR, OPERATOR, NOBODY = "payroll", "administrator", "operator", "nobody"
FINANCE = "finance"

_SECRETS = re.compile(
    r"eyJ[\w-]{5,}(?:\.[\w-]+){0,2}"  # a JSON Web Token
    r"|(?<=Bearer )[\w.~+/=-]+|(?<=Basic )[\w.~+/=-]+"
    r"|(?<=token=)[^&\s\"']+|(?<=secret=)[^&\s\"']+|(?<=code=)[^&\s\"']+"
    r"|(?<=verifier=)[^&\s\"']+|(?<=hint=)[^&\s\"']+",
    re.IGNORECASE,
)
_AMOUNT = re.compile(r"(?<![\w.])-?\d+[.,]\d{2}(?![\w.])")
_AMOUNTS_THAT_MAY_STAND = 3
_LONGEST = 50_000


def redacted(text: str) -> str:
    """
    Return the vendor's text without tokens, and without a list of amounts.

    A few amounts ("debit 10.00, credit 9.00") help the reader; more of them are an echo of
    the batch, and those are people's salaries.
    """
    text = _SECRETS.sub("…", as_text(text[:_LONGEST].replace("\0", "")))
    if len(_AMOUNT.findall(text)) > _AMOUNTS_THAT_MAY_STAND:
        text = _AMOUNT.sub("…", text)
    return text[:2000]


class ConnectorError(Exception):
    """
    Something a vendor did or did not answer, with the user's words.

    The texts are templates: `params` fills them when they are shown, after translation.

    :param detail: the vendor's raw text, shown folded; never a token or a salary
    :param status: HTTP status, if there was an answer
    :param trace_id: the vendor's id of the request, for its support
    :param retry_after: seconds the vendor asks us to wait, if it said so
    """

    summary: ClassVar[str]
    remedy: ClassVar[str]
    not_booked: ClassVar[str] = _("Nothing was booked.")
    who: ClassVar[str] = OPERATOR
    action: ClassVar[str] = ""
    """A button that helps: retry, reconnect, open_mapping, look_up, or nothing."""
    needs: ClassVar[tuple[str, ...]] = ("vendor",)
    """The placeholders that the texts may hold; whoever raises the error gives them."""
    sums: ClassVar[tuple[str, ...]] = ()
    """Those that are sums of the hub's own, written as the reader writes numbers."""

    def __init__(
        self,
        *,
        detail: str = "",
        status: int | None = None,
        trace_id: str = "",
        retry_after: float | None = None,
        **params: str,
    ) -> None:
        self.detail, self.status, self.trace_id = redacted(detail), status, trace_id
        self.retry_after = retry_after
        # A forgotten placeholder must not turn a failure into a crash while it is handled.
        self.params = dict.fromkeys(sorted(self.placeholders()), "…") | params
        super().__init__(f"{self.code()} {status or ''} {self.detail[:200]}".strip())

    @classmethod
    def placeholders(cls) -> set[str]:
        """Return the names of the parameters that the texts hold."""
        texts = (cls.summary, cls.remedy, cls.not_booked)
        return {
            name for text in texts for _text, name, _spec, _how in Formatter().parse(text) if name
        }

    @classmethod
    def code(cls) -> str:
        """Return a stable name to store, e.g. ``vismanet.PeriodClosed`` or ``Unavailable``."""
        place = cls.__module__.split(".")
        ours = place[0] != "connectors" or place[1] == "errors"
        return cls.__name__ if ours else f"{place[1]}.{cls.__name__}"


class Unavailable(ConnectorError):
    """Nothing was stored there; the same call may be made again later."""

    summary = _("{vendor} cannot be reached right now.")
    remedy = _("No action needed: the hub retries automatically.")
    who = NOBODY


class RateLimited(Unavailable):
    """The vendor asks us to wait; the call was not executed."""

    summary = _("{vendor} has asked the hub to wait before the next call.")
    remedy = _("No action needed: the hub retries automatically when the wait is over.")
    who = NOBODY


class FreshTokenRefused(Unavailable):
    """A token that was given a moment ago is refused: a fault over there, not of the account."""

    summary = _("{vendor} rejects the access that it has just granted.")
    remedy = _(
        "No action needed yet: the hub retries every minute. If this goes on for hours, an "
        "administrator checks the account in {vendor}."
    )
    who = NOBODY


class OutcomeUnknown(ConnectorError):
    """The call was sent and there is no clear answer: it may have been stored."""

    summary = _("{vendor} gave no clear answer. What was sent may or may not have been booked.")
    remedy = _(
        "No action needed. The hub is checking the ledger and will not resend until it has an "
        "answer."
    )
    not_booked = _("It is not yet known whether it was booked.")
    who = NOBODY
    action = "look_up"


class NotAuthorized(ConnectorError):
    """The vendor refuses our token, also after a refresh."""

    summary = _("{vendor} no longer accepts this account.")
    remedy = _("An administrator opens the accounts page and connects the account again.")
    who = ADMINISTRATOR
    action = "reconnect"


class Forbidden(NotAuthorized):
    """The vendor knows us, and a right, role or scope is missing."""

    summary = _("This account is not allowed to do this in {vendor}.")
    remedy = _(
        "An administrator checks in {vendor} that the account has the role API User in this "
        "company, then signs in again here."
    )


class Rejected(ConnectorError):
    """Understood and refused; a person corrects something and sends again."""

    summary = _("{vendor} refused what was sent.")
    remedy = _("Read the vendor's own text below, correct what it names, then send again.")
    who = PAYROLL
    action = "retry"


class BadAnswer(ConnectorError):
    """The answer cannot be read; nothing is guessed."""

    summary = _("{vendor} returned an answer that the hub cannot read.")
    remedy = _("Contact the operator of the hub and give the number below.")
    who = OPERATOR


class NotFound(Rejected):
    """The vendor knows neither the path nor the thing that we asked for."""

    summary = _("{vendor} does not recognise the hub's request.")
    remedy = _(
        "Contact the operator of the hub: the address of {vendor} in its settings may be wrong."
    )
    who = OPERATOR


class ChangedMeanwhile(Rejected):
    """Somebody else changed the thing between our reading and our writing."""

    summary = _("Someone changed this in {vendor} at the same time.")
    remedy = _("Open it again, check what changed, and decide again.")


class NoCreditBlock(Rejected):
    """The source has no column that says whether a customer's credit is blocked."""

    summary = _("{vendor} shows no credit block for this company.")
    remedy = _("Switch off the mirroring of credit blocks, or ask Visma for access to the column.")
    not_booked = _("No block was set or lifted.")
    who = ADMINISTRATOR
    action = ""


class NotConfigured(Rejected):
    """A setting of the hub is missing or cannot be used; nothing was sent."""

    summary = _("{setting} is missing or invalid.")
    remedy = _(
        "The operator of the hub copies the line from .env.example, fills it in and restarts."
    )
    who = OPERATOR
    action = ""
    needs = ("setting",)


class NoAnswerToFollow(OutcomeUnknown):
    """The vendor said yes to a write, and its answer does not say what came of it."""

    summary = _("{vendor} accepted what was sent but returned no number.")


class ConflictingWrite(OutcomeUnknown):
    """The vendor says that something of the kind is there already: it may be ours."""

    summary = _("{vendor} reports that it already has this. It may be what was just sent.")
