"""The sample payroll file that lies ready beside the sandbox."""

from django.conf import settings

from mappings.models import Mapping
from organisations.models import Company, Organisation
from sources.readers.sample_file import ORGANISATION_NUMBER, PERIOD


def sample_company(organisation: Organisation) -> Company | None:
    """Return the demo company whose sample file can be imported; only beside the sandbox."""
    if not settings.HUB_SANDBOX:
        return None
    companies = Company.objects.of(organisation)
    found: Company | None = companies.with_organisation_number(ORGANISATION_NUMBER).first()
    return found


def has_sample(organisation: Organisation) -> bool:
    """Tell whether the organisation has the demo company, beside the sandbox."""
    return sample_company(organisation) is not None


def sample_period(company: Company) -> str:
    """Return the month of its sample run: the first one that its mapping sends, else March."""
    mapping = Mapping.objects.filter(company=company).exclude(first_period="").first()
    return PERIOD if mapping is None else max(PERIOD, mapping.first_period)
