"""What every class of settings is made of: pydantic-settings, and no Django."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field
from pydantic.config import JsonDict
from pydantic_settings import BaseSettings, SettingsConfigDict

from connectors.errors import NotConfigured

IN_PRODUCTION = "HUB_SANDBOX=0"


class Settings(BaseSettings):
    """
    Environment variables, each a field with its description; the title is their heading.

    A variable that is empty counts as not set, and no message ever shows what one holds.
    """

    model_config = SettingsConfigDict(
        env_ignore_empty=True,
        extra="ignore",
        hide_input_in_errors=True,
        env_file_encoding="utf-8",
        str_strip_whitespace=True,
    )


def setting(description: str, default: Any = "", *, required_when: str = "", **bounds: Any) -> Any:
    """
    Return a field with its description.

    :param required_when: in words, when the hub refuses to start without it
    """
    extra: JsonDict = {"required_when": required_when}
    return Field(default, description=description, json_schema_extra=extra, **bounds)


def needed(settings: Mapping[str, str], name: str) -> str:
    """
    Return what a vendor cannot do without.

    :raises NotConfigured: if it is not set
    """
    value = (settings.get(name) or "").strip()
    if not value:
        raise NotConfigured(setting=name)
    return value
