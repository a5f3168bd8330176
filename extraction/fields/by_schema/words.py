"""The words of a schema: names of properties as phrases, and phrases that mean the same.

The table is about what is often asked for and printed under many names; whatever is not in it is
looked for by the schema's own words.
"""

from __future__ import annotations

import re
from functools import cache

from extraction.fields.labels import squeezed

_SEAMS = re.compile(
    r"(?<=[^\W\d_A-ZÄÖÜÉÈÀÓÚŁŻŚ])(?=[A-ZÄÖÜÉÈÀÓÚŁŻŚ])|(?<=[A-Z])(?=[A-Z][a-z])|[\W_]+"
)

# fmt: off
# Phrases that mean the same, in English, German, French, Spanish, Italian, Polish, Malay, Dutch.
ALIKE: tuple[tuple[str, ...], ...] = (
    ("description", "item", "item description", "product", "product name", "article", "details",
     "particulars", "goods", "service", "services", "item name",
     "Beschreibung", "Bezeichnung", "Artikel", "Artikelbezeichnung", "Leistung", "désignation",
     "libellé", "produit", "descripción", "concepto", "artículo", "producto", "descrizione",
     "articolo", "prodotto", "opis", "nazwa", "nazwa towaru", "keterangan", "perkara", "barang",
     "omschrijving", "artikelomschrijving"),
    ("quantity", "qty", "count", "units", "pieces", "Menge", "Anzahl", "Stück", "Stk", "quantité",
     "qté", "cantidad", "cant", "quantità", "q.tà", "qta", "ilość", "kuantiti", "bilangan",
     "aantal", "hoeveelheid"),
    ("unit price", "price", "price each", "price per unit", "rate", "Einzelpreis", "Stückpreis",
     "E-Preis", "Preis", "prix unitaire", "prix", "P.U.", "PU HT", "precio unitario", "precio",
     "prezzo unitario", "prezzo", "cena jednostkowa", "cena", "harga seunit", "harga",
     "eenheidsprijs", "stukprijs", "prijs"),
    ("amount", "line total", "total", "total price", "line amount", "item total", "Betrag",
     "Gesamtpreis", "Gesamt", "Summe", "montant", "total HT", "montant HT", "importe", "importo",
     "totale", "wartość", "kwota", "jumlah", "amaun", "bedrag", "totaal"),
    ("position", "pos", "line", "line number", "no", "#", "item no", "Pos.", "poste", "posición",
     "posizione", "lp", "l.p.", "bil", "regel"),
    ("SKU", "article number", "item number", "product code", "item code", "code", "part number",
     "Artikelnummer", "Artikel-Nr", "Art.-Nr", "référence", "réf", "referencia", "código",
     "codice", "codice articolo", "kod", "indeks", "kod barang", "artikelnummer"),
    ("unit", "uom", "unit of measure", "Einheit", "ME", "unité", "unidad", "unità", "UM", "jm",
     "j.m.", "eenheid"),
    ("date", "Datum", "fecha", "data", "tarikh", "transaction date", "booking date", "posting date",
     "Buchungstag", "Buchungsdatum", "date d'opération", "fecha operación", "data operazione",
     "data operacji", "boekdatum"),
    ("balance", "running balance", "Saldo", "Kontostand", "solde", "baki"),
    ("debit", "withdrawal", "withdrawals", "money out", "paid out", "Soll", "Belastung", "débit",
     "cargo", "cargos", "dare", "addebito", "addebiti", "obciążenie", "debet", "af"),
    ("credit", "deposit", "deposits", "money in", "paid in", "Haben", "Gutschrift", "crédit",
     "abono", "abonos", "avere", "accredito", "accrediti", "uznanie", "kredit", "bij"),
    ("reason", "purpose", "transaction", "text", "Verwendungszweck", "Buchungstext", "opération",
     "movimento", "causale", "tytuł", "omschrijving transactie", "transaction details"),
    ("weight", "Gewicht", "poids", "peso", "waga", "berat", "gewicht"),
    ("name", "full name", "Name", "nom", "nombre", "nome", "imię i nazwisko", "nama", "naam"),
    ("surname", "last name", "family name", "Nachname", "Familienname", "nom de famille",
     "apellidos", "cognome", "nazwisko", "nama keluarga", "achternaam"),
    ("given names", "first name", "given name", "forename", "Vorname", "Vornamen", "prénom",
     "prénoms", "nombres", "nome di battesimo", "imię", "imiona", "nama pertama", "voornaam",
     "voornamen"),
    ("date of birth", "birth date", "birthdate", "dob", "born", "Geburtsdatum", "geboren am",
     "date de naissance", "fecha de nacimiento", "data di nascita", "data urodzenia",
     "tarikh lahir", "geboortedatum"),
    ("date of expiry", "expiry date", "expires", "expiration date", "valid until", "gültig bis",
     "date d'expiration", "fecha de caducidad", "data di scadenza del documento", "data ważności",
     "tarikh luput", "geldig tot"),
    ("address", "Adresse", "Anschrift", "adresse postale", "dirección", "domicilio", "indirizzo",
     "adres", "alamat"),
    ("phone", "telephone", "phone number", "tel", "mobile", "Telefon", "téléphone", "teléfono",
     "telefono", "telefon", "telefoon"),
    ("email", "e-mail", "email address", "mail", "E-Mail-Adresse", "courriel", "correo",
     "correo electrónico", "posta elettronica", "emel"),
    ("website", "web", "url", "homepage", "internet", "site web", "sitio web", "sito web",
     "strona www", "laman web"),
    ("currency", "currency code", "Währung", "devise", "monnaie", "moneda", "divisa", "valuta",
     "waluta", "mata wang"),
)
# Who bills and who is billed: names of properties, and labels above the name on the page.
SELLER = (
    "seller", "vendor", "supplier", "issuer", "merchant", "sender", "from", "store", "shop",
    "company", "Verkäufer", "Lieferant", "Aussteller", "Rechnungssteller", "Händler", "vendeur",
    "fournisseur", "émetteur", "vendedor", "proveedor", "emisor", "venditore", "fornitore",
    "sprzedawca", "wystawca", "dostawca", "penjual", "pembekal", "verkoper", "leverancier",
)
BUYER = (
    "buyer", "customer", "client", "bill to", "billed to", "sold to", "invoice to", "recipient",
    "purchaser", "Käufer", "Kunde", "Rechnung an", "Rechnungsempfänger", "Empfänger", "acheteur",
    "facturé à", "destinataire", "comprador", "cliente", "facturar a", "acquirente",
    "destinatario", "cessionario", "nabywca", "odbiorca", "pembeli", "kepada", "koper", "klant",
    "afnemer",
)
# Objects that only hold together what is in them: their names say nothing about it.
HOLDERS = (
    "data", "document", "result", "fields", "header", "totals", "amounts", "details", "summary",
    "info", "information", "meta", "metadata", "general", "dates", "content", "properties",
    "extracted", "Kopf", "Daten", "Summen", "Angaben", "Dokument", "totaux", "totales", "totali",
)
# The word "number" in a label, which is often written short.
NUMBER = ("number", "no", "nr", "num", "#", "Nummer", "n°", "nº", "numéro", "número", "numero",
          "numer", "nombor")
YES = ("yes", "true", "x", "y", "ja", "oui", "sí", "sì", "tak", "ya", "✓", "✔", "☒", "☑", "✗", "✘")
NO = ("no", "false", "n", "nein", "non", "nie", "tidak", "nee", "☐", "□")
# fmt: on


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


DATE_WORDS = _set("date datum fecha data tarikh dob birthdate born expires")
ID_WORDS = _set(
    "number no nr num id code reference ref nummer numero numer nombor kennung referenz sku iban "
    "bic serial serie"
)
MONEY_WORDS = _set(
    "amount total subtotal price sum tax net gross balance pay salary fee cost betrag summe preis "
    "netto brutto saldo steuer montant prix solde salaire importe precio importo prezzo kwota cena "
    "saldo jumlah harga gaji bedrag prijs debit credit debet"
)
NAME_WORDS = _set("name names surname forename nom nombre nombres nome naam nama nazwisko vorname")
ADDRESS_WORDS = _set("address adresse anschrift direccion domicilio indirizzo adres alamat")
PERCENT_WORDS = _set("rate percent percentage satz taux tipo aliquota stawka tarief")


def phrase(name: str) -> str:
    """A property's name as words: "invoiceNumber", "invoice_number" -> "invoice number"."""
    return " ".join(part for part in _SEAMS.split(name) if part)


def words_of(text: str) -> tuple[str, ...]:
    """The words of a phrase, squeezed."""
    return tuple(filter(None, (squeezed(part) for part in phrase(text).split())))


@cache
def _groups() -> dict[str, frozenset[int]]:
    groups: dict[str, frozenset[int]] = {}
    for index, row in enumerate(ALIKE):
        for each in row:
            key = squeezed(each)
            groups[key] = groups.get(key, frozenset()) | {index}
    return groups


@cache
def _keys(row: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(squeezed, row))


def alike(one: str, other: str) -> bool:
    """Whether two phrases are the same or mean the same."""
    a, b = squeezed(one), squeezed(other)
    return a == b or bool(_groups().get(a, frozenset()) & _groups().get(b, frozenset()))


def others(text: str) -> tuple[str, ...]:
    """The other phrases that mean the same."""
    return tuple(
        each for index in sorted(_groups().get(squeezed(text), ())) for each in ALIKE[index]
    )


def numbered(text: str) -> tuple[str, ...]:
    """The phrase, and where it ends with the word "number", with the other ways to write that."""
    *before, last = text.split()
    if not before or not is_one_of(last, NUMBER):
        return (text,)
    return (text, *(" ".join((*before, each)) for each in NUMBER))


def is_one_of(text: str, row: tuple[str, ...]) -> bool:
    """Whether the phrase is in a row of this module."""
    return squeezed(text) in _keys(row)
