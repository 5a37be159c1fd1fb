"""What payroll systems call their columns, in the languages of our users."""

import hashlib
import re
from collections.abc import Iterable, Sequence

_SYNONYMS: dict[str, str] = {
    "account": "account; account number; account no; account nr; gl account; ledger account; "
    "general ledger account; generalledgeraccount; konto; kontonr; kontonummer; kontonr.; "
    "bokföringskonto; hovedbokskonto; artskonto; rekeningnummer; rekening; grootboek; "
    "grootboekrekening; grootboeknummer; tili; tilinumero; tilinro",
    "account_name": "account name; account description; account text; kontonamn; kontonavn; "
    "kontobenämning; kontotekst; kontotext; rekeningomschrijving; grootboekomschrijving; "
    "tilin nimi",
    "cost_centre": "cost centre; cost center; costcentre; costcenter; cost centre code; "
    "cost center code; kostnadsställe; kst; resultatenhet; kostnadssted; avdeling; avdelingsnr; "
    "koststed; kostenplaats; kostenplaatscode; kustannuspaikka; department; afdeling; avdelning",
    "cost_unit": "cost unit; costunit; cost unit 1; costunit 1; cost unit code; cost object; "
    "cost bearer; kostnadsbärare; kb; kostnadsbærer; kostenbærer; kostendrager; kostendragercode; "
    "projekt; prosjekt; project; kustannusyksikkö; projekti",
    "amount": "amount; net amount; belopp; beløp; beløb; bedrag; summa; summa sek; value; "
    "määrä; saldo",
    "debit": "debit; debet; debet sek; debit amount; debetbelopp; debetbeløp; debet bedrag; per; "
    "debitbelopp",
    "credit": "credit; kredit; kreditbelopp; credit amount; kreditbeløp; credit bedrag; an",
    "side": "debit/credit; debit credit; debitcredit; d/c; d/k; dc; dk; s/h; side; debet/kredit; "
    "debet/credit; debet kredit; soll/haben",
    "date": "date; posting date; transaction date; bookkeeping date; bookkeepingdate; "
    "voucher date; payment date; datum; bokföringsdatum; verifikationsdatum; bokf datum; "
    "utbetalningsdatum; dato; bilagsdato; bokføringsdato; posteringsdato; boekdatum; "
    "bogføringsdato; bogføringsdag; buchungsdatum; "
    "boekingsdatum; päivämäärä; pvm; kirjauspäivä",
    "period": "period; accounting period; periode; bokföringsperiod; redovisningsperiod; "
    "regnskapsperiode; boekperiode; kausi; jakso; tilikausi",
    "year": "year; år; jaar; vuosi; fiscal year; räkenskapsår; regnskapsår; boekjaar",
    "month": "month; månad; måned; maand; kuukausi; period number; period no; periodenummer",
    "text": "description; text; line text; posting text; voucher text; beskrivning; "
    "benämning; verifikationstext; beskrivelse; tekst; bilagstekst; omschrijving; "
    "boekingsomschrijving; selite; kuvaus; component name; componentname; component",
    "currency": "currency; currency code; valuta; valutakod; valutakode; valuutta",
    "company": "company; company number; company no; organisation number; organization number; "
    "organisationsnummer; orgnr; org.nr; org nr; företag; företagsnummer; firmanr; "
    "organisasjonsnummer; bedrijf; bedrijfsnummer; y-tunnus; yritys; companynumber",
    "company_name": "company name; companyname; företagsnamn; firmanavn; bedrijfsnaam; "
    "yrityksen nimi",
    "run": "run; run number; payroll run; run no; runnumber; lönekörning; körning; "
    "lönekörningsnummer; lønnskjøring; kjøring; loonrun; verloning; palkka-ajo",
}

_PEOPLE = re.compile(
    # Whoever is employed
    r"employee|anstalld|anstallning|ansatt|ansettelse|medarbet|medarbeid|arbetstagar|medarbej|"
    r"arbeidstak|arbejdstager|lontagar|lonnstak|lonnsmottak|lonmodtag|lonemottag|personal(?!kost)|"
    r"personell|personeel(?!skost)|medewerker|werknemer|tyontekij|palkansaaj|palkollis|henkilo|\bstaff\b|\bworker|"
    r"\bperson(?:en|s)?\b|\bpayee\b|"
    # Their numbers
    r"person ?n(?:umm|[or]\b)|personal identity|personalid|persnr|\bpnr\b|fodsels|fodd|"
    r"fodelse|birth|geboorte|syntyma|\bbsn\b|burgerservice|sofi ?n|\bssn\b|social security|"
    r"\bcpr\b|\bhetu\b|national id|\banst\.? ?(?:nr|no|nummer|namn|navn|id)\b|\bansnr\b|\bempl?\b|"
    # Their names
    r"first ?name|last ?name|given ?name|family ?name|full ?name|surname|forename|fornamn|"
    r"efternamn|tilltalsnamn|fornavn|etternavn|efternavn|mellomnavn|voornaam|achternaam|"
    r"voorletters|etunimi|sukunimi|sukunimet|^(?:namn|navn|name|names|nimi|naam)$"
)
_PLAIN_LETTERS = str.maketrans("åäöæøéüœ", "aaoaoeuo")
_ONLY_FIGURES = re.compile(r"[-+0-9.,:/ \u00a0]{0,30}[0-9][-+0-9.,:/ \u00a0]{0,30}")
_BETWEEN = re.compile(r"[\s_\u00a0-]+")


def normalised(heading: str) -> str:
    """Return the heading as it is compared: case, underlines, hyphens and blanks do not matter."""
    return _BETWEEN.sub(" ", heading.strip().strip("\ufeff").casefold()).strip()


SYNONYMS: dict[str, tuple[str, ...]] = {
    field: tuple(normalised(name) for name in names.split(";"))
    for field, names in _SYNONYMS.items()
}


def is_about_people(heading: str) -> bool:
    """Say whether a column of that heading holds people's data."""
    return bool(_PEOPLE.search(normalised(heading).translate(_PLAIN_LETTERS)))


def looks_like_data(names: Iterable[str]) -> bool:
    """Say whether a row in the place of the headings holds figures: then it may name people."""
    return any(_ONLY_FIGURES.fullmatch(name.strip()) for name in names)


def match_headings(headings: Sequence[str]) -> dict[str, str]:
    """Return field -> heading for the headings that are known, each used once."""
    by_name: dict[str, str] = {}
    for heading in headings:
        if heading.strip() and not is_about_people(heading):
            by_name.setdefault(normalised(heading), heading.strip())
    found: dict[str, str] = {}
    for field, names in SYNONYMS.items():
        for name in names:
            if name in by_name and by_name[name] not in found.values():
                found[field] = by_name[name]
                break
    return found


def headings_fingerprint(headings: Iterable[str]) -> str:
    """Return a short text by which a lay-out is known again, whatever the order of its columns."""
    names = sorted({normalised(heading) for heading in headings if heading.strip()})
    return hashlib.sha256("\x1f".join(names).encode()).hexdigest()[:16]
