"""What is read of the dimensions: segments, their values, subaccounts."""

import base64
import uuid

from werkzeug.wrappers import Response

from sandbox.company import Company
from sandbox.http import json_answer
from sandbox.memory import Json
from sandbox.vismanet.call import CHANGED, STAMP, Call, one_answer
from sandbox.vismanet.errors import Invalid

_NAMESPACE = uuid.UUID("0a5e7a10-5555-4c00-8000-000000000000")


def _public_id(*parts: object) -> str:
    return str(uuid.uuid5(_NAMESPACE, "/".join(map(str, parts))))


def _value(company: Company, segment: Json, value_id: str) -> Json:
    value = segment["values"][value_id]
    public_id = _public_id(company.tenant_id, segment["id"], value_id)
    return {
        "internalId": public_id,
        "segmentId": segment["id"],
        "valueId": value_id,
        "description": value["description"],
        "publicId": public_id,
        "active": value["active"],
        "timeStamp": STAMP,
        "lastModified": CHANGED,
        "mappedSegValue": "",
    }


def _segment(company: Company, segment: Json, *, values: bool) -> Json:
    public_id = _public_id(company.tenant_id, segment["id"])
    answer: Json = {
        "internalId": public_id,
        "segmentId": segment["id"],
        "description": segment["description"],
        "length": segment["length"],
        "publicId": public_id,
        "timeStamp": STAMP,
        "lastModified": CHANGED,
        "validate": segment["validate"],
        "isAutoNumber": False,
        "consolNumChar": 0,
        "consolOrder": 0,
    }
    if values:
        answer["segmentValues"] = [_value(company, segment, each) for each in segment["values"]]
    return answer


def dimensions(call: Call) -> Response:
    """Answer the ids of the segmented keys."""
    keys = ["ACCOUNT", "CUSTOMER", "PROJECT", "VENDOR"]
    return json_answer(sorted([*keys, "SUBACCOUNT"] if call.company.has_subaccounts else keys))


def dimension(call: Call, key: str) -> Response:
    """Answer one segmented key with its segments."""
    company = call.company
    if key.upper() != "SUBACCOUNT" or not company.has_subaccounts:
        return one_answer(None)
    values = call.flag("expandSegmentsValues", default=True) is True
    return json_answer(
        {
            "id": "SUBACCOUNT",
            "length": sum(segment["length"] for segment in company.segments),
            "description": "Subaccount",
            "segments": [_segment(company, each, values=values) for each in company.segments],
        }
    )


def _segment_of(company: Company, key: str, segment_id: int) -> Json | None:
    if key.upper() != "SUBACCOUNT":
        return None
    return next((each for each in company.segments if each["id"] == segment_id), None)


def segment(call: Call, key: str, segment: int) -> Response:
    """Answer one segment with its values."""
    found = _segment_of(call.company, key, segment)
    return one_answer(
        None if found is None else _segment(call.company, found, values=True), etag=True
    )


def segment_value(call: Call, key: str, segment: int, value: str) -> Response:
    """Answer one value; in this path it is always Base64 (contract `dimension`)."""
    found = _segment_of(call.company, key, segment)
    try:
        plain = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)).decode()
    except ValueError:
        raise Invalid("valueId must be Base64 encoded.") from None
    if found is None or plain not in found["values"]:
        return one_answer(None)
    return one_answer(_value(call.company, found, plain), etag=True)


def subaccount_answer(company: Company, number: str, entry: Json) -> Json:
    """Return a subaccount: one combination of segment values."""
    parts = entry.get("segments") or [
        {"id": segment["id"], "value": value}
        for segment, value in zip(company.segments, number.split("-"), strict=False)
    ]
    known = {segment["id"]: segment for segment in company.segments}
    return {
        "subaccountNumber": number,
        "subaccountId": 1 + list(company.combinations).index(number)
        if number in company.combinations
        else 0,
        "active": entry.get("active", True),
        "segments": [
            {
                "segmentId": part["id"],
                "segmentDescription": known[part["id"]]["description"],
                "segmentValue": part["value"],
                "segmentValueDescription": known[part["id"]]["values"]
                .get(part["value"], {})
                .get("description", ""),
            }
            for part in parts
        ],
    }


def subaccounts(call: Call) -> Response:
    """Answer the combinations in use, by pages."""
    active = call.flag("active")
    number, size = call.page()
    company = call.company
    found = [
        subaccount_answer(company, key, entry)
        for key, entry in company.combinations.items()
        if active is None or entry.get("active", True) is active
    ]
    metadata = {
        "totalCount": len(found),
        "maxPageSize": call.store.setting("max_page_size"),
    }
    shown = found[(number - 1) * size : number * size]
    return json_answer(
        [
            each | {"lastModifiedDateTime": CHANGED, "timeStamp": STAMP, "metadata": metadata}
            for each in shown
        ]
    )
