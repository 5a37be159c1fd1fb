"""Which format a file is in, seen by its first bytes; its name decides nothing."""

import codecs

from sources.readers.settings import CSV, GBAT10, SIE, XLSX

HEAD = 8192
"""How many bytes `detect` wants to see."""

EMPTY, HTML, SIE5, PAXML, XML = "empty", "html", "sie5", "paxml", "xml"
OLD_EXCEL, PDF, UNKNOWN = "old_excel", "pdf", "unknown"

REFUSALS = {
    EMPTY: "file_empty",
    HTML: "html_page",
    SIE5: "sie5_not_supported",
    PAXML: "paxml_not_supported",
    XML: "xml_not_supported",
    OLD_EXCEL: "old_excel",
    PDF: "pdf_not_supported",
    UNKNOWN: "format_unknown",
}
"""Format that the hub recognises and does not read -> code of the problem."""

SIE_LABELS = frozenset(
    b"#FLAGGA #PROGRAM #FORMAT #GEN #SIETYP #PROSA #FTYP #FNR #ORGNR #BKOD #ADRESS #FNAMN #RAR "
    b"#TAXAR #OMFATTN #KPTYP #VALUTA #KONTO #KTYP #ENHET #SRU #DIM #UNDERDIM #OBJEKT #IB #UB #OIB "
    b"#OUB #RES #PSALDO #PBUDGET #VER #TRANS #RTRANS #BTRANS #KSUMMA".split()
)
_SIE_ENDINGS = (".si", ".se", ".sie")
_FIRST_LINES = 30


def detect(head: bytes, name: str = "") -> str:
    """
    Return ``sie``, ``csv``, ``xlsx``, ``gbat10`` or one of the keys of `REFUSALS`.

    :param head: the first bytes of the file, `HEAD` of them or all there are
    :param name: of the file; only tells a damaged SIE file from an unknown one
    """
    if not head.strip():
        return EMPTY
    if head.startswith(b"PK\x03\x04"):
        return XLSX
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return OLD_EXCEL
    if head.startswith(b"%PDF"):
        return PDF
    utf16 = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if utf16:
        head = head.decode("utf-16", errors="ignore").encode("utf-8", errors="ignore")
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"<"):
        return _kind_of_markup(text.lower())
    lines = text.replace(b"\r", b"\n").split(b"\n")
    first = [line.strip() for line in lines if line.strip()][:_FIRST_LINES]
    if not first:
        return EMPTY  # nothing but a byte-order mark
    if first[0].strip(b'"').startswith(b"GBAT10"):
        return GBAT10
    if any(line.split(maxsplit=1)[0].upper() in SIE_LABELS for line in first):
        return SIE
    if name.lower().endswith(_SIE_ENDINGS):
        return SIE  # its reader says what is wrong with it
    if any(first[0].count(mark) for mark in (b";", b",", b"\t", b"|")):
        return CSV
    if any(line.count(mark) >= 2 for mark in (b";", b",", b"\t", b"|") for line in first):
        return CSV  # title rows above the headings
    if utf16:
        return CSV  # what spreadsheets call "Unicode text"
    return UNKNOWN


def _kind_of_markup(text: bytes) -> str:
    if b"<!doctype html" in text or b"<html" in text:
        return HTML
    if b"<sie" in text or b"www.sie.se/sie5" in text:
        return SIE5
    if b"<paxml" in text:
        return PAXML
    return XML
