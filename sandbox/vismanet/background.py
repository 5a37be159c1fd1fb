"""
Background calls: 202 at once, the state and the body later.

docs.vismasoftware.no/vismanetapi/how-tos/background. A URL as value was ended 30 April 2025.
"""

import re
import uuid
from collections.abc import Callable
from datetime import timedelta

from werkzeug.wrappers import Response

from sandbox.http import json_answer
from sandbox.vismanet.call import Call
from sandbox.vismanet.errors import Invalid, gateway_error

_VALUE = re.compile(r"none|subscription(:.*)?", re.IGNORECASE)


def enqueue(call: Call, carry_out: Callable[[], Response]) -> Response:
    """Accept a call; it is carried out now, and its end is reported after the set delay."""
    if not _VALUE.fullmatch(call.request.headers["erp-api-background"]):
        raise Invalid("The value of erp-api-background is not valid.")
    job_id = str(uuid.uuid4())
    received = call.store.now()
    result = carry_out()
    delay = timedelta(milliseconds=call.store.setting("background_milliseconds"))
    call.store.jobs[job_id] = {
        "tenant_id": call.company.tenant_id,
        "sub": call.claims.get("sub", ""),
        "uri": call.request.url,
        "received": received,
        "finished": received + delay,
        "status": result.status_code,
        "headers": {
            name: value for name, value in result.headers.items() if name in ("Location", "ETag")
        },
        "body": result.get_data(),
    }
    location = f"{call.base_url}/v1/background/{job_id}"
    return json_answer({"id": job_id, "stateLocation": location}, 202)


def state(call: Call, number: str) -> Response:
    """Answer how far a background call has come."""
    job = call.store.jobs.get(number)
    if job is None:
        return gateway_error(404, "Resource not found")
    if not _is_mine(call, number):
        return gateway_error(403, "Forbidden")
    done = call.store.now() >= job["finished"]
    moment = job["received"].strftime("%Y-%m-%dT%H:%M:%SZ")
    answer = {
        "id": number,
        # statusCode is 0 while it runs.
        "status": ("Finished" if job["status"] < 400 else "Failed") if done else "Started",
        "statusCode": job["status"] if done else 0,
        "receivedUtc": moment,
        "startedUtc": moment,
        "originalUri": job["uri"],
        "hasRequestContent": False,
        "hasResponseContent": done and bool(job["body"]),
        "reference": "",
        "errorMessage": "",
    }
    if done:
        answer |= {
            "finishedUtc": job["finished"].strftime("%Y-%m-%dT%H:%M:%SZ"),
            "contentLocation": f"{call.base_url}/v1/background/{number}/content",
            "responseHeaders": job["headers"],
        }
    return json_answer(answer)


def content(call: Call, number: str) -> Response:
    """Answer the body of a finished background call; gone after a day."""
    job = call.store.jobs.get(number)
    if job is None or not job["body"] or call.store.now() < job["finished"]:
        return gateway_error(404, "Resource not found")
    if not _is_mine(call, number):
        return gateway_error(403, "Forbidden")
    if call.store.now() - job["finished"] > timedelta(hours=24):
        return gateway_error(410, "Gone")
    return Response(job["body"], content_type="application/json; charset=utf-8")


def _is_mine(call: Call, number: str) -> bool:
    job = call.store.jobs[number]
    starter = (job["tenant_id"], job["sub"])
    return starter == (call.company.tenant_id, call.claims.get("sub", ""))
