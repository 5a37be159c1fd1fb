"""Print what programs may call: the source of docs/reference/api.md."""

from typing import Any

from api.endpoints import api
from organisations.management.commands._command import HubCommand

_HEAD = """\
# The API

Made from the code by `python manage.py list_api --markdown > docs/reference/api.md`; a test fails
when it is out of step. The hub serves the same as an OpenAPI document at `{prefix}openapi.json`.

A program shows a token: `Authorization: Bearer hub_…`. Who administers the Visma Business
integration makes it on the page *Tokens of programs*, in the menu under the own name. It is shown
once, may do only what is ticked there, and ends with its maker's rights. A body is a JSON object
of at most 20,000 bytes. Every failure is `application/problem+json` (RFC 9457)."""
_PREFIX = "/api/v1/"


class Command(HubCommand):
    """Print the API."""

    help = "Print the addresses of the API, with what each takes and answers."
    example = "python manage.py list_api --markdown > docs/reference/api.md"

    def add_arguments(self, parser: Any) -> None:
        """Ask for the form."""
        super().add_arguments(parser)
        parser.add_argument("--markdown", action="store_true", help="as docs/reference/api.md")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print it."""
        schema = api.get_openapi_schema(path_prefix=_PREFIX)
        words = markdown(schema) if options["markdown"] else "\n".join(map(_name, _calls(schema)))
        self.answer(options, words, dict(schema))


def markdown(schema: dict[str, Any]) -> str:
    """Return the API as the page of the documentation."""
    kinds = schema["components"]["schemas"]
    lines = [_HEAD.format(prefix=_PREFIX)]
    for call in _calls(schema):
        _path, _method, details = call
        lines += ["", f"## `{_name(call)}`", "", details["description"]]
        if "requestBody" in details:
            lines += ["", f"Takes {_kind(details['requestBody'])}. Answers:", ""]
        else:
            lines += ["", "Answers:", ""]
        lines += [
            f"- {status} {answer['description']}: {_kind(answer)}"
            for status, answer in sorted(details["responses"].items())
        ]
    for name, kind in sorted(kinds.items()):
        lines += ["", f"## {name}", "", kind["description"], ""]
        lines += ["| field | type | needed | what it is |", "|---|---|---|---|"]
        needed = kind.get("required", [])
        lines += [
            f"| `{field}` | {_type(rule)} | {'yes' if field in needed else ''}"
            f" | {rule.get('description', '')} |"
            for field, rule in kind["properties"].items()
        ]
    return "\n".join(lines)


def _calls(schema: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, details)
        for path, methods in schema["paths"].items()
        for method, details in methods.items()
    ]


def _name(call: tuple[str, str, dict[str, Any]]) -> str:
    path, method, _details = call
    return f"{method.upper()} {path}"


def _kind(content: dict[str, Any]) -> str:
    (one,) = content["content"].values()
    return _type(one["schema"])


def _type(rule: dict[str, Any]) -> str:
    """Return a type in words, a name of ours as a link to its table."""
    if "$ref" in rule:
        name = rule["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in rule:
        return " or ".join(_type(one) for one in rule["anyOf"])
    if rule.get("type") == "array":
        return f"list of {_type(rule['items'])}"
    bounds = [
        words.format(rule[key])
        for key, words in (
            ("format", "{}"),
            ("maxLength", "at most {} characters"),
            ("minimum", "from {}"),
            ("maximum", "to {}"),
        )
        if key in rule
    ]
    return ", ".join([rule["type"], *bounds])
