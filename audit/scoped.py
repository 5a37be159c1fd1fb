"""Reading the rows of one organisation only."""

from typing import Any, Self

from django.db import models


class OfOrganisation(models.QuerySet[Any]):
    """Rows that belong to one organisation. Every view starts here."""

    def of(self, organisation: Any) -> Self:
        """Return only the rows of that organisation."""
        return self.filter(organisation=organisation)
