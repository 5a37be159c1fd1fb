"""
Every setting of the hub, each a field with its description, and the reading of them.

`.env.example`, `docs/reference/settings.md` and the checks at start are all made from these
classes and the vendors' (`Vendor.settings`), so that they cannot tell different stories. No
Django here: this runs first.
"""

import os
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr, ValidationError
from pydantic_settings import NoDecode, SettingsConfigDict

from connectors import registry
from connectors.settings import IN_PRODUCTION, Settings, setting

WITH_OWN_DATABASE = "HUB_SANDBOX=0, or DATABASE_URL is set"
OF_NO_CLASS = {"HUB_PROCESS", "HUB_ENV_FILE", "HUB_DIE_AT", "HUB_CHROMIUM", "HUB_TEST_TIER"}
"""What the hub's own processes and tests tell each other."""

_ANY = TypeVar("_ANY", bound=Settings)


class Misconfigured(Exception):
    """The hub cannot start. The text lists every reason, each with its remedy."""

    def __init__(self, reasons: Iterable[str]) -> None:
        self.reasons = tuple(reasons)
        listed = "\n".join(f"  - {reason}" for reason in self.reasons)
        super().__init__(
            f"Integration Hub cannot start with this configuration:\n{listed}\n"
            "`.env.example` lists every setting with its meaning; copy it to `.env`, "
            "or set the variables in the environment."
        )


def _split(value: object) -> object:
    if not isinstance(value, str):
        return value
    return [word.strip() for word in value.split(",") if word.strip()]


def _fernet_keys(keys: list[SecretStr]) -> list[SecretStr]:
    for place, key in enumerate(keys, start=1):
        try:
            usable = len(urlsafe_b64decode(key.get_secret_value().encode())) == 32
        except (NotBase64, ValueError):
            usable = False
        if not usable:
            raise ValueError(
                f"key {place} is not a Fernet key. Make one: python -c 'from "
                "cryptography.fernet import Fernet as F; print(F.generate_key().decode())'"
            )
    return keys


# Without NoDecode a list would have to be written as JSON.
Words = Annotated[list[str], NoDecode, BeforeValidator(_split)]
Keys = Annotated[list[SecretStr], NoDecode, BeforeValidator(_split), AfterValidator(_fernet_keys)]


class Running(Settings):
    """Where the hub runs, and with what."""

    model_config = SettingsConfigDict(title="Running")

    hub_sandbox: bool = setting(
        "1: trial with the stand-ins of the vendors beside the hub. "
        "0: production; then the settings below marked so are required.",
        True,
    )
    hub_base_url: str = setting(
        "The address people type; redirect addresses, cookies and passkeys follow it.",
        "http://localhost:8000",
        required_when=IN_PRODUCTION,
    )
    hub_allowed_hosts: Words = setting(
        "Host names the hub answers to, separated by commas.",
        ["127.0.0.1", "localhost"],
        required_when=IN_PRODUCTION,
    )
    hub_secret_key: SecretStr = setting(
        "Signs sessions and links: 50 random characters or more. The trial makes its own.",
        SecretStr(""),
        required_when=WITH_OWN_DATABASE,
    )
    hub_encryption_keys: Keys = setting(
        "Encrypt tokens at rest: Fernet keys separated by commas, the newest first. "
        "The trial makes its own.",
        [],
        required_when=WITH_OWN_DATABASE,
    )
    database_url: SecretStr = setting(
        "PostgreSQL, as postgres://user:password@host:5432/name. "
        "Not set: SQLite in the data folder.",
        SecretStr(""),
        required_when=IN_PRODUCTION,
    )
    celery_broker_url: SecretStr = setting(
        "Redis, as redis://host:6379/0. The trial's memory://: the worker finds its work in the "
        "database; no server is needed, and there is one worker only.",
        SecretStr("memory://localhost/"),
        required_when=IN_PRODUCTION,
    )
    hub_data_dir: Path = setting(
        "Folder of the trial's database, logs, uploaded files and collected static files. "
        "On a local disk.",
        Path("var"),
    )
    hub_installation_id: str = setting(
        "Name of this installation, for containers and other machines whose own id changes: the "
        "same for all that work on one database, and never the same where the database is another. "
        "Not set: the machine's id with the database's place. An operator confirms each once.",
    )
    hub_port: int = setting("Port of the web process of `make run`.", 8000, ge=1, le=65535)
    hub_sandbox_port: int = setting("Port of the sandbox of `make run`.", 8001, ge=1, le=65535)
    hub_time_zone: str = setting(
        "Time zone in which times are shown. They are stored in UTC.", "Europe/Stockholm"
    )
    hub_language: Literal["en", "sv", "nb"] = setting(
        "Language where a person chose none: en, sv or nb.", "en"
    )
    hub_proxy_count: int = setting(
        "Proxies in front of the web process that add X-Forwarded-For and -Proto. "
        "0: nobody is believed.",
        0,
        ge=0,
    )
    hub_log_format: Literal["auto", "json", "text"] = setting(
        "json: one object a line. text: for reading in a terminal. auto: text in a terminal.",
        "auto",
    )
    hub_log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = setting(
        "DEBUG, INFO, WARNING or ERROR.", "INFO"
    )
    hub_metrics_token: SecretStr = setting(
        "Prometheus reads /metrics with this bearer token. "
        "Not set: from this machine only, and not through a proxy.",
        SecretStr(""),
    )
    hub_heartbeat_url: SecretStr = setting(
        "A worker asks this address every five minutes, so that a watcher outside (for example "
        "healthchecks.io) hears when the hub is dead: it cannot mail that itself.",
        SecretStr(""),
    )
    hub_keep_uploads_days: int = setting(
        "How long an uploaded file waits for its columns or its company; then it is discarded.",
        60,
        ge=1,
    )
    hub_keep_background_requests_days: int = setting(
        "How long the answer to what a person asked of a vendor is kept, such as a check or a "
        "sign-in. What is posted or registered is kept elsewhere, for good.",
        30,
        ge=1,
    )


class Limits(Settings):
    """How much, how often and how long."""

    model_config = SettingsConfigDict(title="Sending and limits")

    hub_worker_threads: int = setting("Work one worker does at the same time.", 32, ge=1)
    hub_lease_seconds: int = setting(
        "How long a claim outlives a killed worker. While it works, it extends its claims.",
        30,
        ge=1,
    )
    hub_look_up_interval_seconds: int = setting(
        "Pause between two look-ups of a batch or payment whose answer was lost; "
        "two must find nothing before it is sent again.",
        180,
        ge=0,
    )
    hub_ledger_fresh_seconds: int = setting(
        "How old what we read of a ledger may be before it is read again.", 120, ge=0
    )
    hub_max_upload_mb: int = setting("Largest file that can be imported.", 50, ge=1)
    hub_max_rows: int = setting("Most lines in one imported file.", 500_000, ge=1)
    hub_max_unzipped_mb: int = setting("Largest size of a spreadsheet once unpacked.", 500, ge=1)
    hub_sign_in_failures: int = setting(
        "Failed sign-ins of one e-mail address from one network before it is locked there; ten "
        "times as many of all addresses. Codes and links for a forgotten password count alike.",
        10,
        ge=1,
    )
    hub_session_hours: int = setting("How long a sign-in lasts at most.", 12, ge=1)
    hub_session_idle_minutes: int = setting(
        "How long a sign-in lasts without use. A page that follows itself is no use.", 120, ge=1
    )


class Mail(Settings):
    """How mails leave."""

    model_config = SettingsConfigDict(title="E-mail")

    hub_email_url: SecretStr = setting(
        "Mail server, as smtp://user:password@host:587?tls=1 (or ?ssl=1). "
        "Not set: mails are written to the data folder, and nobody is offered a link "
        "for a forgotten password.",
        SecretStr(""),
    )
    hub_email_from: str = setting("Sender of the hub's mails.", "Integration Hub <hub@localhost>")


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable, as the example file and the reference page tell it."""

    name: str
    explanation: str
    default: str
    secret: bool
    required_when: str
    group: str

    def is_required(self, *, sandbox: bool, own_database: bool) -> bool:
        """Return whether the hub refuses to start without this setting."""
        wanted_here = self.required_when == WITH_OWN_DATABASE and own_database
        return bool(self.required_when) and (wanted_here or not sandbox)


def described(*kinds: type[Settings]) -> tuple[Setting, ...]:
    """Return every variable of those classes."""
    found: dict[str, Setting] = {}
    for kind in kinds:
        for field, info in kind.model_fields.items():
            extra = info.json_schema_extra
            found[field.upper()] = Setting(
                name=field.upper(),
                explanation=info.description or "",
                default=_text(info.default),
                secret="SecretStr" in str(info.annotation),
                required_when=str(extra["required_when"]) if isinstance(extra, dict) else "",
                group=str(kind.model_config.get("title")),
            )
    return tuple(found.values())


def _text(value: object) -> str:
    """Return a value as it would be written in the environment."""
    match value:
        case SecretStr():
            return value.get_secret_value()
        case bool():
            return "1" if value else ""
        case list():
            return ",".join(map(_text, value))
    return str(value)


TABLE = described(Running, Limits, Mail)


def vendor_table() -> tuple[Setting, ...]:
    """Return the settings of all vendors in the registry."""
    return described(*(vendor.settings for vendor in registry.CONNECTORS.values()))


def sandbox_values(path: Path, *, sandbox_url: str) -> dict[str, str]:
    """Return the vendor settings that make the hub talk to the sandbox at that address."""
    return {
        name: value.replace("{sandbox}", sandbox_url) for name, value in read_env_file(path).items()
    }


def read_env_file(path: Path) -> dict[str, str]:
    """
    Return the variables of a file of NAME=value lines; an absent file has none.

    Blank lines and lines that begin with # are left out, quotes around a value are taken off.

    :raises Misconfigured: if a line is something else
    """
    if not path.is_file():
        return {}
    values, unreadable = {}, []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        text = line.strip().removeprefix("export ")
        if not text or text.startswith("#"):
            continue
        name, equals, value = text.partition("=")
        if not equals or not name.strip().isidentifier():
            unreadable.append(f"{path}, line {number}: write NAME=value.")
            continue
        value = value.strip()
        if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
            value = value[1:-1]
        values[name.strip()] = value
    if unreadable:
        raise Misconfigured(unreadable)
    return values


def keep_own_secrets(path: Path) -> dict[str, str]:
    """Return the trial's own keys, which are made once and kept in a file only we can read."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        draft.touch(mode=0o600)
        key = urlsafe_b64encode(secrets.token_bytes(32)).decode()
        draft.write_text(
            "# Made at the first start. Who loses this file loses the stored sign-ins.\n"
            f"HUB_SECRET_KEY={secrets.token_urlsafe(50)}\n"
            f"HUB_ENCRYPTION_KEYS={key}\n",
            encoding="utf-8",
        )
        try:
            # A link, unlike a rename, lets only the first of several starting processes win.
            os.link(draft, path)
        except FileExistsError:
            pass  # another process made them a moment ago: its keys are the keys
        finally:
            draft.unlink()
    return read_env_file(path)


class Reader:
    """
    Reads classes of settings, and collects what is wrong instead of stopping at the first.

    The environment wins over the file, both over `fallback`. Call `finish()` after the last.
    """

    def __init__(self, env_file: Path) -> None:
        self.env_file = env_file
        self.reasons: list[str] = []
        in_file = {name for name, value in read_env_file(env_file).items() if value}
        self.set = in_file | {name for name, value in os.environ.items() if value}
        self.sandbox = self.read(Running, required=False).hub_sandbox
        self.reasons.clear()  # the same are found again when all of it is read

    def read(
        self, kind: type[_ANY], *, fallback: Mapping[str, str] | None = None, required: bool = True
    ) -> _ANY:
        """Return the settings of that class, or its defaults where one cannot be used."""
        rest = {
            name.lower(): value
            for name, value in (fallback or {}).items()
            if name not in self.set and name.lower() in kind.model_fields
        }
        if required:
            self._miss(kind, there=self.set | {name.upper() for name in rest})
        try:
            return kind(_env_file=self.env_file, **rest)  # type: ignore[call-arg]
        except ValidationError as refused:
            for error in refused.errors(include_input=False, include_url=False):
                name = str(error["loc"][0]).upper()
                words = error["msg"].removeprefix("Value error, ").rstrip(".")
                self.reasons.append(f"{name}: {words}.")
            return kind.model_construct()

    def _miss(self, kind: type[Settings], *, there: set[str]) -> None:
        own_database = "DATABASE_URL" in self.set
        self.reasons += [
            f"{one.name} is not set (required: {one.required_when}). {one.explanation}"
            for one in described(kind)
            if one.name not in there
            and one.is_required(sandbox=self.sandbox, own_database=own_database)
        ]

    def unknown(self) -> list[str]:
        """Return names that look like the hub's own and are none: a slip of the pen."""
        known = {one.name for one in TABLE} | OF_NO_CLASS
        return sorted(name for name in self.set if name.startswith("HUB_") and name not in known)

    def finish(self) -> None:
        """
        Stop the start if anything was missing or unreadable.

        :raises Misconfigured: with all reasons at once
        """
        if self.reasons:
            raise Misconfigured(dict.fromkeys(self.reasons))


def origins(texts: Iterable[str]) -> list[str]:
    """Return scheme and host of each text that is an address of the web, each once."""
    parts = map(urlsplit, texts)
    return sorted({f"{p.scheme}://{p.netloc}" for p in parts if p.scheme in {"http", "https"}})


def values(found: Settings) -> dict[str, str]:
    """Return what was read, by the names of the variables, as it would be written there."""
    return {name.upper(): _text(getattr(found, name)) for name in type(found).model_fields}
