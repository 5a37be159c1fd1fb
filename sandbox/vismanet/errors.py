"""The three shapes in which the ERP refuses."""

import uuid

from werkzeug.wrappers import Response

from sandbox.http import json_answer


class Invalid(Exception):
    """The ERP's own validation refuses; answered as {"message": "VismaId: <guid>. <text>"}."""

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.text = text
        self.status = status


def gateway_error(status: int, message: str) -> Response:
    """Return an error of the API management; its shape is the Azure default, not confirmed."""
    return json_answer({"statusCode": status, "message": message}, status)


def licence_error() -> Response:
    """
    Return the error of a missing licence or role.

    Shape and code 12027: community.visma.com, "No license for this company". The status is not
    documented; 403 is the sandbox's choice.
    """
    return json_answer(
        {
            "ExceptionType": "IPPException",
            "ExceptionMessage": "No license for this company.",
            "ExceptionFaultCode": "12027",
            "ExceptionMessageID": f"12027_{uuid.uuid4()}",
            "ExceptionDetails": "",
        },
        403,
    )
