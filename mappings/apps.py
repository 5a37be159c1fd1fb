"""Django's entry for the mappings app."""

from importlib import import_module

from django.apps import AppConfig


class MappingsConfig(AppConfig):
    """The mappings app; its background requests are known as soon as it is ready."""

    name = "mappings"

    def ready(self) -> None:
        """Register the background requests of mapping."""
        from mappings import registered

        import_module("mappings.operations.checking")

        registered.register()
