"""Charts of accounts for the seed: a make-believe selection in the manner of BAS and NS 4102."""

from typing import Any

SWEDISH = """
1010 Utvecklingsutgifter
1220 Inventarier och verktyg
1240 Bilar och andra transportmedel
1510 Kundfordringar
1610 Kortfristiga fordringar hos anställda
1630 Avräkning för skatter och avgifter
1710 Förutbetalda hyreskostnader
1910 Kassa
1920 Plusgiro
1930 Företagskonto
1940 Valutakonto EUR
2081 Aktiekapital
2091 Balanserad vinst
2099 Årets resultat
2350 Lån från kreditinstitut
2440 Leverantörsskulder
2510 Skatteskulder
2610 Utgående moms 25 %
2640 Ingående moms
2710 Personalens källskatt
2731 Avräkning lagstadgade sociala avgifter
2790 Övriga löneavdrag
2821 Löneskulder
2890 Övriga kortfristiga skulder
2920 Upplupna semesterlöner
2940 Upplupna lagstadgade sociala avgifter
2990 Övriga upplupna kostnader
3010 Försäljning tjänster
3740 Öres- och kronutjämning
4010 Inköp av varor
5010 Lokalhyra
5611 Drivmedel bilar
5800 Resekostnader
6110 Kontorsmateriel
6211 Fast telefoni
6310 Företagsförsäkringar
6530 Redovisningstjänster
6570 Bankkostnader
7010 Löner till kollektivanställda
7081 Sjuklöner till kollektivanställda
7082 Semesterlöner till kollektivanställda
7090 Förändring av semesterlöneskuld
7210 Löner till tjänstemän
7281 Sjuklöner till tjänstemän
7285 Semesterlöner till tjänstemän
7290 Förändring av semesterlöneskuld, tjänstemän
7321 Skattefria traktamenten
7331 Skattefria bilersättningar
7385 Kostnader för fri bil
7410 Pensionsförsäkringspremier
7510 Lagstadgade sociala avgifter
7519 Sociala avgifter för semester- och löneskulder
7533 Särskild löneskatt på pensionskostnader
7570 Premier för arbetsmarknadsförsäkringar
7610 Utbildning
7690 Övriga personalkostnader
7699 Personalkostnader, används ej
8410 Räntekostnader
"""

NORWEGIAN = """
1200 Maskiner og anlegg
1500 Kundefordringer
1570 Reiseforskudd
1920 Bankinnskudd
1950 Bankinnskudd for skattetrekk
2050 Annen egenkapital
2099 Årsresultat
2400 Leverandørgjeld
2600 Forskuddstrekk
2650 Trukket fagforeningskontingent
2700 Utgående merverdiavgift
2710 Inngående merverdiavgift
2770 Skyldig arbeidsgiveravgift
2780 Påløpt arbeidsgiveravgift på ferielønn
2930 Skyldig lønn
2940 Skyldige feriepenger
2990 Annen påløpt kostnad
3000 Salgsinntekt
4300 Innkjøp av varer
5000 Lønn til ansatte
5010 Overtid
5020 Feriepenger
5092 Periodisert lønn
5180 Opptjente feriepenger
5210 Fri telefon
5330 Godtgjørelse til styre
5400 Arbeidsgiveravgift
5405 Arbeidsgiveravgift av feriepenger
5420 Innberetningspliktig pensjonskostnad
5800 Refusjon av sykepenger
5900 Gaver til ansatte
5990 Annen personalkostnad
6300 Leie lokale
6800 Kontorrekvisita
7140 Reisekostnad
7740 Øreavrunding
7770 Bankgebyr
8150 Rentekostnad
"""

# Control accounts take their entries from a subledger only, and the net income account takes
# none: Visma.net refuses manual journals there (visma-net.md sections 7 and 11).
_SPECIAL: dict[str, dict[str, Any]] = {
    "1500": {"control": "AR", "manual": False},
    "1510": {"control": "AR", "manual": False},
    "1920": {"cash": True},
    "1930": {"cash": True},
    "1940": {"cash": True, "currency": "EUR"},
    "2099": {"net_income": True},
    "2400": {"control": "AP", "manual": False},
    "2440": {"control": "AP", "manual": False},
    "7699": {"active": False},
}


def _kind(number: str, *, norwegian: bool) -> str:
    if number[0] == "1":
        return "Asset"
    if number[0] == "2":
        return "Liability"
    if number[0] == "3" or (norwegian and number[0] == "8" and number < "8100"):
        return "Income"
    return "Expense"


def chart(text: str) -> dict[str, dict[str, Any]]:
    """Return the accounts of a chart by number."""
    norwegian = text is NORWEGIAN
    accounts: dict[str, dict[str, Any]] = {}
    for row in text.strip().splitlines():
        number, name = row.split(" ", 1)
        accounts[number] = {
            "number": number,
            "name": name,
            "kind": _kind(number, norwegian=norwegian),
            "active": True,
            "manual": True,
            "control": "",
            "cash": False,
            "currency": "",
            "tax_category": "",
            "default_sub": False,
            "net_income": False,
        } | _SPECIAL.get(number, {})
    return accounts
