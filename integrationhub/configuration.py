"""
Every setting of the hub in one table, and the reading of them.

`.env.example`, the README's table, `list_settings` and the checks at start are all made
from `TABLE`, so that they cannot tell different stories. No Django here: this runs first.
"""

import os
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from connectors import registry

ALWAYS_OPTIONAL = ""
IN_PRODUCTION = "HUB_SANDBOX=0"
WITH_OWN_DATABASE = "HUB_SANDBOX=0, or DATABASE_URL is set"

TRUE, FALSE = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off"})


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


@dataclass(frozen=True, slots=True)
class Setting:
    """
    One environment variable.

    :param default: what holds where it is not set
    :param required_when: in words, when the hub refuses to start without it
    """

    name: str
    explanation: str
    default: str = ""
    secret: bool = False
    required_when: str = ALWAYS_OPTIONAL
    group: str = ""

    def is_required(self, *, sandbox: bool, own_database: bool) -> bool:
        """Return whether the hub refuses to start without this setting."""
        if self.required_when == WITH_OWN_DATABASE:
            return own_database or not sandbox
        return self.required_when == IN_PRODUCTION and not sandbox


RUNNING = "Running"
LIMITS = "Sending and limits"
MAIL = "E-mail"
TABLE: tuple[Setting, ...] = (
    Setting(
        "HUB_SANDBOX",
        "1: trial with the stand-ins of the vendors beside the hub. "
        "0: production; then the settings below marked so are required.",
        default="1",
        group=RUNNING,
    ),
    Setting(
        "HUB_BASE_URL",
        "The address people type; redirect addresses, cookies and passkeys follow it.",
        default="http://localhost:8000",
        required_when=IN_PRODUCTION,
        group=RUNNING,
    ),
    Setting(
        "HUB_ALLOWED_HOSTS",
        "Host names the hub answers to, separated by commas.",
        default="127.0.0.1,localhost",
        required_when=IN_PRODUCTION,
        group=RUNNING,
    ),
    Setting(
        "HUB_SECRET_KEY",
        "Signs sessions and links: 50 random characters or more. The trial makes its own.",
        secret=True,
        required_when=WITH_OWN_DATABASE,
        group=RUNNING,
    ),
    Setting(
        "HUB_ENCRYPTION_KEYS",
        "Encrypt tokens at rest: Fernet keys separated by commas, the newest first. "
        "The trial makes its own.",
        secret=True,
        required_when=WITH_OWN_DATABASE,
        group=RUNNING,
    ),
    Setting(
        "DATABASE_URL",
        "PostgreSQL, as postgres://user:password@host:5432/name. "
        "Not set: SQLite in the data folder.",
        secret=True,
        required_when=IN_PRODUCTION,
        group=RUNNING,
    ),
    Setting(
        "CELERY_BROKER_URL",
        "Redis, as redis://host:6379/0. The trial's memory://: the worker finds its work in the "
        "database; no server is needed, and there is one worker only.",
        default="memory://localhost/",
        secret=True,
        required_when=IN_PRODUCTION,
        group=RUNNING,
    ),
    Setting(
        "HUB_DATA_DIR",
        "Folder of the trial's database, logs, uploaded files and collected static files. "
        "On a local disk.",
        default="var",
        group=RUNNING,
    ),
    Setting(
        "HUB_INSTALLATION_ID",
        "Name of this installation, for containers and other machines whose own id changes: the "
        "same for all that work on one database, and never the same where the database is another. "
        "Not set: the machine's id with the database's place. An operator confirms each once.",
        group=RUNNING,
    ),
    Setting("HUB_PORT", "Port of the web process of `make run`.", default="8000", group=RUNNING),
    Setting(
        "HUB_SANDBOX_PORT", "Port of the sandbox of `make run`.", default="8001", group=RUNNING
    ),
    Setting(
        "HUB_TIME_ZONE",
        "Time zone in which times are shown. They are stored in UTC.",
        default="Europe/Stockholm",
        group=RUNNING,
    ),
    Setting(
        "HUB_LANGUAGE", "Language where a person chose none: en, sv or nb.", "en", group=RUNNING
    ),
    Setting(
        "HUB_PROXY_COUNT",
        "Proxies in front of the web process that add X-Forwarded-For and -Proto. "
        "0: nobody is believed.",
        default="0",
        group=RUNNING,
    ),
    Setting(
        "HUB_LOG_FORMAT",
        "json: one object a line. text: for reading in a terminal. auto: text in a terminal.",
        default="auto",
        group=RUNNING,
    ),
    Setting("HUB_LOG_LEVEL", "DEBUG, INFO, WARNING or ERROR.", default="INFO", group=RUNNING),
    Setting(
        "HUB_METRICS_TOKEN",
        "Prometheus reads /metrics with this bearer token. "
        "Not set: from this machine only, and not through a proxy.",
        secret=True,
        group=RUNNING,
    ),
    Setting(
        "HUB_KEEP_SIGN_INS_DAYS",
        "How long begun sign-ins at vendors are kept.",
        default="7",
        group=RUNNING,
    ),
    Setting(
        "HUB_KEEP_UPLOADS_DAYS",
        "How long an uploaded file waits for its columns or its company; then it is discarded.",
        default="60",
        group=RUNNING,
    ),
    Setting(
        "HUB_KEEP_REQUESTS_DAYS",
        "How long the answer to what a person asked of a vendor is kept, such as a check or a "
        "sign-in. What is posted or registered is kept elsewhere, for good.",
        default="30",
        group=RUNNING,
    ),
    Setting(
        "HUB_WORKER_THREADS",
        "Work one worker does at the same time.",
        default="32",
        group=LIMITS,
    ),
    Setting(
        "HUB_LEASE_SECONDS",
        "How long a claim outlives a killed worker. While it works, it extends its claims.",
        default="30",
        group=LIMITS,
    ),
    Setting(
        "HUB_LOOK_UP_INTERVAL_SECONDS",
        "Pause between two look-ups of a batch or payment whose answer was lost; "
        "two must find nothing before it is sent again.",
        default="180",
        group=LIMITS,
    ),
    Setting(
        "HUB_REFRESH_PATIENCE_SECONDS",
        "How long work waits for another worker to renew the access token; then it is postponed.",
        default="20",
        group=LIMITS,
    ),
    Setting(
        "HUB_LEDGER_FRESH_SECONDS",
        "How old what we read of a ledger may be before it is read again.",
        default="120",
        group=LIMITS,
    ),
    Setting("HUB_MAX_UPLOAD_MB", "Largest file that can be imported.", "50", group=LIMITS),
    Setting("HUB_MAX_ROWS", "Most lines in one imported file.", "500000", group=LIMITS),
    Setting(
        "HUB_MAX_UNZIPPED_MB",
        "Largest size of a spreadsheet once unpacked.",
        default="500",
        group=LIMITS,
    ),
    Setting(
        "HUB_SIGN_IN_FAILURES",
        "Failed sign-ins of one e-mail address from one network before it is locked there; ten "
        "times as many of all addresses. Codes and links for a forgotten password count alike.",
        default="10",
        group=LIMITS,
    ),
    Setting("HUB_SIGN_IN_LOCK_MINUTES", "How long such a lock lasts.", default="15", group=LIMITS),
    Setting("HUB_SESSION_HOURS", "How long a sign-in lasts at most.", "12", group=LIMITS),
    Setting(
        "HUB_SESSION_IDLE_MINUTES",
        "How long a sign-in lasts without use. A page that follows itself is no use.",
        default="120",
        group=LIMITS,
    ),
    Setting(
        "HUB_PASSWORD_LINK_MINUTES",
        "How long the link in the mail to somebody who forgot the password works.",
        default="60",
        group=LIMITS,
    ),
    Setting(
        "HUB_EMAIL_URL",
        "Mail server, as smtp://user:password@host:587?tls=1 (or ?ssl=1). "
        "Not set: mails are written to the data folder, and nobody is offered a link "
        "for a forgotten password.",
        secret=True,
        group=MAIL,
    ),
    Setting(
        "HUB_EMAIL_FROM",
        "Sender of the hub's mails.",
        default="Integration Hub <hub@localhost>",
        group=MAIL,
    ),
)


def sandbox_values(path: Path, *, sandbox_url: str) -> dict[str, str]:
    """Return the vendor settings that make the hub talk to the sandbox at that address."""
    return {
        name: value.replace("{sandbox}", sandbox_url) for name, value in read_env_file(path).items()
    }


def vendor_table() -> tuple[Setting, ...]:
    """Return the settings of all vendors in the registry."""
    table: dict[str, Setting] = {}
    for vendor in registry.CONNECTORS.values():
        for name, explanation in vendor.settings.items():
            table[name] = Setting(
                name,
                explanation,
                secret=name in vendor.secret_settings,
                required_when=(
                    ALWAYS_OPTIONAL if name in vendor.optional_settings else IN_PRODUCTION
                ),
                group=vendor.name,
            )
    return tuple(table.values())


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
    Typed reading of settings, which collects what is wrong instead of stopping at the first.

    Call `finish()` after the last one: it raises if anything was missing or unreadable.
    """

    def __init__(self, values: Mapping[str, str], *, base_dir: Path) -> None:
        self.values = values
        self.base_dir = base_dir
        self.reasons: list[str] = []
        self.own_database = bool(values.get("DATABASE_URL"))
        self.sandbox = True
        self.sandbox = self.boolean("HUB_SANDBOX")

    def setting(self, name: str) -> Setting:
        """Return the row of the table with that name."""
        return next(setting for setting in TABLE if setting.name == name)

    def text(self, name: str) -> str:
        """Return the value, or its default, or note that it is missing."""
        return self.read(self.setting(name))

    def read(self, setting: Setting) -> str:
        """Return the value of a setting, or its default, or note that it is missing."""
        value = self.values.get(setting.name, "").strip()
        if value:
            return value
        if setting.is_required(sandbox=self.sandbox, own_database=self.own_database):
            self.reasons.append(
                f"{setting.name} is not set (required: {setting.required_when}). "
                f"{setting.explanation}"
            )
            return ""
        return setting.default

    def boolean(self, name: str) -> bool:
        """Return the value as yes or no."""
        text = self.text(name).lower()
        if text not in TRUE | FALSE:
            self.reasons.append(f"{name} is {text!r}; write 1 or 0.")
        return text in TRUE

    def number(self, name: str, *, at_least: float = 0) -> float:
        """Return the value as a number."""
        text = self.text(name)
        try:
            number = float(text)
        except ValueError:
            number = at_least - 1
        if not at_least <= number < float("inf"):
            self.reasons.append(f"{name} is {text!r}; write a number from {at_least:g} up.")
            return at_least
        return number

    def whole(self, name: str, *, at_least: int = 0) -> int:
        """Return the value as a whole number."""
        text = self.text(name)
        if not text.isdecimal() or int(text) < at_least:
            self.reasons.append(f"{name} is {text!r}; write a whole number from {at_least} up.")
            return at_least
        return int(text)

    def port(self, name: str) -> int:
        """Return the value as a port number."""
        number = self.whole(name, at_least=1)
        if number > 65535:
            self.reasons.append(f"{name} is {number}; a port is at most 65535.")
        return number

    def words(self, name: str) -> list[str]:
        """Return the values that commas separate."""
        return [word.strip() for word in self.text(name).split(",") if word.strip()]

    def one_of(self, name: str, choices: Iterable[str]) -> str:
        """Return the value, which must be one of the choices."""
        text, known = self.text(name), tuple(choices)
        if text not in known:
            self.reasons.append(f"{name} is {text!r}; write one of {', '.join(known)}.")
            return known[0]
        return text

    def folder(self, name: str) -> Path:
        """Return the value as a folder; a relative one lies beside manage.py."""
        return (self.base_dir / Path(self.text(name)).expanduser()).resolve()

    def encryption_keys(self, name: str) -> list[str]:
        """Return the Fernet keys, newest first."""
        keys = self.words(name)
        for place, key in enumerate(keys, start=1):
            if not _is_fernet_key(key):
                self.reasons.append(
                    f"{name}: key {place} is not a Fernet key. Make one: python -c 'from "
                    "cryptography.fernet import Fernet as F; print(F.generate_key().decode())'"
                )
        return keys

    def finish(self) -> None:
        """
        Stop the start if anything was missing or unreadable.

        :raises Misconfigured: with all reasons at once
        """
        if self.reasons:
            raise Misconfigured(dict.fromkeys(self.reasons))


def _is_fernet_key(text: str) -> bool:
    try:
        return len(urlsafe_b64decode(text.encode())) == 32
    except (NotBase64, ValueError):
        return False
