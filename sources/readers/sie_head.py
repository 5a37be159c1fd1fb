"""What a SIE file says about itself: company, program, years, currency, dimensions, names."""

from collections.abc import Callable
from datetime import date

from connectors.organisation_numbers import digits_of
from sources.readers.lines import CODE_LENGTH, FileHead
from sources.readers.people import is_personal_number, without_personal_numbers
from sources.readers.periods import date_from_text
from sources.readers.problems import ProblemLog, Refused
from sources.readers.runs import RunFinder
from sources.readers.settings import EMPLOYEE_DIMENSION, SIE, YMD, SourceSettings
from sources.readers.sie_fields import cleaned_name, eight_figures, text_at
from sources.readers.sie_syntax import Field

DEFAULT_CURRENCY = "SEK"
REMEMBERED = 20_000
_NAMES_SHOWN = 5
_TYPES_WITHOUT_VOUCHERS = ("1", "2", "3")
Record = Callable[[int, list[Field]], None]


class SieHead:
    """Takes the records that are not booked, and remembers what they say."""

    def __init__(self, *, settings: SourceSettings, log: ProblemLog) -> None:
        self.settings, self.log = settings, log
        self.runs = RunFinder(settings.run_pattern)
        self.years: list[tuple[date, date]] = []
        self.currencies: list[str] = []
        self.names: list[str] = []
        self.dimensions: dict[str, str] = {}
        self.employee_dimensions = {EMPLOYEE_DIMENSION}
        self.account_names: dict[str, str] = {}
        self.object_names: dict[str, dict[str, str]] = {}
        self.organisations: list[str] = []
        self.companies: list[str] = []
        self.generated_on: date | None = None
        self.already_read = False
        self.company_name = self.program = ""

    def records(self) -> dict[str, Record]:
        """Return label -> what takes the records of that label."""
        return {
            "#FLAGGA": self._flag,
            "#SIETYP": self._type,
            "#PROGRAM": self._program,
            "#GEN": self._generated,
            "#ORGNR": self._organisation,
            "#FNR": self._company,
            "#FNAMN": self._company_name,
            "#RAR": self._year,
            "#VALUTA": self._currency,
            "#KONTO": self._account,
            "#DIM": self._dimension,
            "#UNDERDIM": self._dimension,
            "#OBJEKT": self._object,
        }

    def head(self, *, encoding: str) -> FileHead:
        """Return what the reading says of the file."""
        settings = self.settings
        return FileHead(
            format=SIE,
            encoding=encoding,
            organisation_number=self.organisations[0] if self.organisations else "",
            company_number=self.companies[0] if self.companies else "",
            company_name=self.company_name,
            run="" if is_personal_number(self.runs.run) else self.runs.run,
            vouchers=tuple(map(without_personal_numbers, self.runs.vouchers)),
            currency=self.currency_code(),
            program=self.program,
            generated_on=self.generated_on,
            already_read=self.already_read,
            first_names=tuple(self.names),
            declared_dimensions=self.dimensions,
            account_names=self.account_names,
            cost_centre_names=self.object_names.get(settings.cost_centre_dimension, {}),
            cost_unit_names=self.object_names.get(settings.cost_unit_dimension, {}),
        )

    def currency_code(self) -> str:
        """Return the currency of the file: Swedish kronor where it names none."""
        return self.currencies[0] if self.currencies else DEFAULT_CURRENCY

    def show_name(self, name: str) -> None:
        """Keep a name with letters beyond ASCII, so that a person sees whether they are right."""
        if len(self.names) < _NAMES_SHOWN and not name.isascii() and name not in self.names:
            self.names.append(name)

    def _flag(self, number: int, fields: list[Field]) -> None:
        if text_at(fields, 1) == "1":
            self.already_read = True
            self.log.add("already_read", line=number, column="#FLAGGA", value="1")

    def _type(self, number: int, fields: list[Field]) -> None:
        if text_at(fields, 1) in _TYPES_WITHOUT_VOUCHERS:
            self.log.add(
                "sie_without_vouchers", line=number, column="#SIETYP", value=text_at(fields, 1)
            )
            raise Refused

    def _program(self, number: int, fields: list[Field]) -> None:
        self.program = cleaned_name(" ".join(text_at(fields, place) for place in (1, 2)))

    def _generated(self, number: int, fields: list[Field]) -> None:
        try:
            self.generated_on = date_from_text(text_at(fields, 1), date_format=YMD)
        except ValueError:
            self.generated_on = None  # only shown; the sign beside it is a person's and is not kept

    def _organisation(self, number: int, fields: list[Field]) -> None:
        number_found = digits_of(text_at(fields, 1))
        if number_found and number_found not in self.organisations:
            self.organisations.append(number_found)

    def _company(self, number: int, fields: list[Field]) -> None:
        company = without_personal_numbers(text_at(fields, 1).strip())[:CODE_LENGTH]
        if company and company not in self.companies:
            self.companies.append(company)

    def _company_name(self, number: int, fields: list[Field]) -> None:
        self.company_name = cleaned_name(text_at(fields, 1))
        self.show_name(self.company_name)

    def _year(self, number: int, fields: list[Field]) -> None:
        begins, ends = text_at(fields, 2), text_at(fields, 3)
        if not (begins and ends):
            return  # genuine files write an empty "#RAR 0"
        try:
            first, last = eight_figures(begins), eight_figures(ends)
        except ValueError:
            shown = f"{begins} {ends}"
            self.log.add("record_unreadable", line=number, column="#RAR", value=shown)
            return
        self.years.append((first, last))

    def _currency(self, number: int, fields: list[Field]) -> None:
        code = text_at(fields, 1).strip().upper()
        if code and code not in self.currencies:
            self.currencies.append(code)

    def _account(self, number: int, fields: list[Field]) -> None:
        account, name = text_at(fields, 1), cleaned_name(text_at(fields, 2))
        if account and name and len(self.account_names) < REMEMBERED:
            self.account_names[account] = name
            self.show_name(name)

    def _dimension(self, number: int, fields: list[Field]) -> None:
        dimension = text_at(fields, 1).strip()
        if dimension.isdigit() and len(self.dimensions) < 100:
            self.dimensions[dimension] = cleaned_name(text_at(fields, 2))
        if (
            text_at(fields, 0).upper() == "#UNDERDIM"
            and text_at(fields, 3) in self.employee_dimensions
        ):
            self.employee_dimensions.add(dimension)

    def _object(self, number: int, fields: list[Field]) -> None:
        dimension, code = text_at(fields, 1).strip(), text_at(fields, 2).strip()
        name = cleaned_name(text_at(fields, 3))
        if dimension in self.employee_dimensions or not code or is_personal_number(code):
            return
        names = self.object_names.setdefault(dimension, {})
        if len(names) < REMEMBERED:
            names[code] = name
            self.show_name(name)
