"""What can go wrong at a sign-in, in the user's words."""

from collections.abc import Mapping

from connectors.errors import (
    ADMINISTRATOR,
    NOBODY,
    OPERATOR,
    ConnectorError,
    NotAuthorized,
    OutcomeUnknown,
    Rejected,
    Unavailable,
)
from connectors.words import gettext_noop as _


class SignInRefused(Rejected):
    """The identity service ended the sign-in without a reason that we know better words for."""

    summary = _("The sign-in at {vendor} ended without access being allowed.")
    remedy = _("Try again. If it happens again, give the text below to the operator of the hub.")
    not_booked = _("No account was connected.")
    who = ADMINISTRATOR
    action = "sign_in"


class AccessDenied(SignInRefused):
    """The person pressed Deny."""

    summary = _("Access was not allowed at {vendor}.")
    remedy = _("Sign in again and press Allow. Nothing was changed.")


class CodeExpired(SignInRefused):
    """The code was used before, or is too old: a page loaded twice, a bookmark."""

    summary = _("This sign-in at {vendor} has already been used, or took too long.")
    remedy = _("Start again from the accounts page. Do not reload the page that you come back to.")


class StateMismatch(SignInRefused):
    """The answer belongs to no sign-in that this person has begun in this browser."""

    summary = _("This answer from {vendor} does not belong to a sign-in that was started here.")
    remedy = _(
        "Start again from the accounts page, in the same browser. If you did not start a "
        "sign-in, someone may have sent you a false link: close it."
    )


class NonceMismatch(SignInRefused):
    """The id_token was made for another sign-in."""

    summary = _("{vendor} returned the identity token of another sign-in.")
    remedy = _("Start again from the accounts page. If it happens again, contact the operator.")


class ProofNotGenuine(SignInRefused):
    """Signature, issuer or audience of a token are wrong."""

    summary = _(
        "The identity token that came back was not issued by {vendor}, or not for this hub."
    )
    remedy = _(
        "Contact the operator of the hub: VISMA_CONNECT_URL and the client id may not match."
    )
    who = OPERATOR
    action = ""


class AnotherService(SignInRefused):
    """The answer says that another service sent it, or hides which did (RFC 9207)."""

    summary = _("This answer does not come from {vendor}.")
    remedy = _(
        "Close the page and start again from the accounts page. If it happens again, contact "
        "the operator: someone may be trying to get hold of your access."
    )


class OtherPerson(NotAuthorized):
    """A renewal came back for another person or company than the one who allowed it."""

    summary = _("{vendor} renewed the access of this account in another user's name.")
    remedy = _(
        "An administrator signs in again. If it happens again, contact the operator of the "
        "hub: tokens of two accounts may have been mixed up at the vendor."
    )


class ClockSkew(SignInRefused):
    """The clocks differ by more than the leeway, so that fresh tokens look old or unborn."""

    summary = _("The clocks of the hub and of {vendor} differ by {seconds} seconds.")
    remedy = _("The operator sets the clock of the hub's machine (NTP). Then sign in again.")
    who = OPERATOR
    action = ""
    needs = ("vendor", "seconds")


class ClientRefused(SignInRefused):
    """The client id or its secret is wrong."""

    summary = _("{vendor} does not accept the hub's own client id and secret.")
    remedy = _(
        "The operator checks both against the Developer Portal (a new secret works after one "
        "or two minutes), corrects the settings and restarts."
    )
    who = OPERATOR
    action = ""


class ScopeRefused(SignInRefused):
    """The application may not ask for what it asks for."""

    summary = _("{vendor} does not allow the hub to request the scopes that it needs.")
    remedy = _("The operator adds the scopes to the application in the Developer Portal.")
    who = OPERATOR
    action = ""


class RedirectRefused(SignInRefused):
    """The address to come back to is not registered, letter for letter."""

    summary = _("{vendor} does not recognise the hub's callback address.")
    remedy = _("The operator registers the hub's callback address in the portal, exactly as it is.")
    who = OPERATOR
    action = ""


class NoCompany(SignInRefused):
    """The token names no company: the person has the role API User in none."""

    summary = _("You are signed in at {vendor}, but it returned no company.")
    remedy = _(
        "Someone who manages Visma Admin gives you the role API User in the company. "
        "Then sign in again."
    )


class WrongCompany(SignInRefused):
    """The token is for another company than the one that was asked for."""

    summary = _("{vendor} returned another company than the one requested.")
    remedy = _("Compare the company id with Visma Admin: Company, Edit, Configuration.")


class ServiceNotApproved(SignInRefused):
    """The company has not approved the hub's service application."""

    summary = _("This company has not approved the hub in Visma App Store.")
    remedy = _(
        "The company's Integration administrator approves it there. Also check that the "
        "company id is the company's and not the customer's."
    )


class IdentityServiceDown(Unavailable):
    """The identity service cannot be asked; nothing changed."""

    summary = _("{vendor} cannot be reached right now.")
    remedy = _(
        "Wait a few minutes, then start the sign-in again. Everything else continues automatically."
    )
    not_booked = _("Nothing was changed.")
    who = NOBODY


class RefreshLost(OutcomeUnknown):
    """
    A refresh was sent and its answer lost: the one-time token may be used up.

    Using it once more could revoke every company of the person, so it must not be.
    """

    summary = _("The answer from {vendor} to a renewal of access was lost.")
    remedy = _("An administrator signs in again soon; until then this account may not work.")
    not_booked = _("Nothing was booked.")
    who = ADMINISTRATOR
    action = "reconnect"


_BY_CODE: Mapping[str, type[ConnectorError]] = {
    "access_denied": AccessDenied,
    "consent_required": AccessDenied,
    "invalid_grant": CodeExpired,
    "invalid_client": ClientRefused,
    "unauthorized_client": ClientRefused,
    "unsupported_grant_type": ClientRefused,
    "invalid_scope": ScopeRefused,
    "redirect_uri_mismatch": RedirectRefused,
    "invalid_redirect_uri": RedirectRefused,
    "server_error": IdentityServiceDown,
    "temporarily_unavailable": IdentityServiceDown,
    "slow_down": IdentityServiceDown,
}

BY_CODE_ON_REFRESH = {"invalid_grant": NotAuthorized}

BY_CODE_FOR_SERVICE = {
    "invalid_grant": ServiceNotApproved,
    "invalid_tenant": ServiceNotApproved,
    "unauthorized_client": ServiceNotApproved,
    "access_denied": ServiceNotApproved,
    "invalid_request": ServiceNotApproved,
}


def callback_failure(*, vendor: str, error: str, description: str = "") -> ConnectorError:
    """Return the failure that the `error` of a callback stands for."""
    return by_code(_BY_CODE, vendor=vendor, error=error, description=description)


def by_code(
    codes: Mapping[str, type[ConnectorError]], *, vendor: str, error: str, description: str
) -> ConnectorError:
    kind = codes.get(error, _BY_CODE.get(error, SignInRefused))
    if error in ("invalid_request", "invalid_grant") and "redirect" in description.lower():
        kind = RedirectRefused
    return kind(vendor=vendor, detail=f"{error}: {description}"[:300].rstrip(": "))
