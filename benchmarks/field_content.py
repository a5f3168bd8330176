"""What generated documents speak of: invented people, firms, streets and towns of each country.

Patterns: ``#`` stands for a digit, ``?`` for a letter, ``~`` for a ``#``, ``|`` parts the choices.
"""

from __future__ import annotations

import random
import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Country:
    """How one country's papers write, and what names occur in it.

    ``dates`` are ``strftime`` patterns with the months of ``field_writing``, ``money`` patterns of
    an amount with its currency. ``tax`` is the tax's name, ``rates`` its usual rates in percent.
    """

    code: str
    alpha3: str
    language: str
    currency: str
    decimal: str
    thousands: str
    dates: str
    money: str
    tax: str
    rates: tuple[str, ...]
    street: str
    streets: str
    town: str
    towns: str
    phone: str
    men: str
    women: str
    surnames: str
    forms: str
    banks: str
    name: str


# fmt: off
COUNTRIES: dict[str, Country] = {c.code: c for c in (
    Country(
        "DE", "DEU", "de", "EUR", ",", ".", "%d.%m.%Y|%d.%m.%Y|%d.%m.%y|%d. %B %Y|%Y-%m-%d",
        "{} €|{} €|{} EUR|EUR {}|€ {}", "MwSt.|USt.|Umsatzsteuer", ("19", "7"), "{street} {n}",
        "Lindenweg|Am Alten Markt|Tannenstraße|Hafenstr.|Schillerring|Industriestraße|Mühlgasse",
        "##### {town}", "Norderfelde|Bad Ahlheim|Grünstadt-Ost|Lüdershagen|Weißenbrück|Kaltenrode",
        "+49 30 23125 ###|040 / 669 69 ###|(089) 99998###|030-23125###|+49 (0)221 4710###", "Jürgen|Lukas|Stefan|Matthias|Uwe",
        "Annika|Sabine|Käthe|Monika|Heike", "Vogelsang|Brückner|Möllendorf|Hartwig|Kleinschmidt|Weiß",
        "{s} GmbH|{s} & {t} GmbH|{w} {s} GmbH & Co. KG|{w}haus {s} e.K.|{w}werke {s} AG",
        "Sparkasse Norderfelde|Volksbank Ahltal eG|Hansebank AG", "Deutschland"),
    Country(
        "AT", "AUT", "de", "EUR", ",", ".", "%d.%m.%Y|%d.%m.%Y|%d. %B %Y", "€ {}|EUR {}|{} €",
        "USt.|MwSt.", ("20", "10"), "{street} {n}/#|{street} {n}",
        "Kirchengasse|Bahnhofstraße|Dorfplatz|Alpenstraße|Wiener Straße", "#### {town}",
        "Sankt Veitsfeld|Unterbachern|Seewalden|Kogelbrunn", "+43 1 51510###|0316 / 8720##|01 51510 ###",
        "Florian|Alois|Markus|Lorenz", "Theresa|Johanna|Brigitte|Elfriede",
        "Hinteregger|Obermoser|Steinlechner|Wurmbauer", "{s} GmbH|{w} {s} GmbH|{s} & {t} OG",
        "Raiffeisenkasse Veitsfeld|Alpenbank AG", "Österreich"),
    Country(
        "CH", "CHE", "de", "CHF", ".", "'", "%d.%m.%Y|%d.%m.%y|%d. %B %Y", "CHF {}|CHF {}|Fr. {}|{} CHF",
        "MWST|MWSt.", ("8.1", "2.6"), "{street} {n}", "Seestrasse|Bundesgasse|Rebweg|Dorfstrasse|Birkenallee",
        "#### {town}", "Oberwinkelried|Thalmatt|Rüschbach|Entlisberg", "+41 44 ### ## ##|031 3## ## ##|061 2## ## ##",
        "Urs|Beat|Reto|Ueli", "Regula|Vreni|Ursina|Barbara", "Zumsteg|Ryffel|Gwerder|Ammann",
        "{s} AG|{w} {s} AG|{s} & {t} GmbH", "Kantonalbank Thalmatt|Seebank AG", "Schweiz"),
    Country(
        "GB", "GBR", "en", "GBP", ".", ",", "%d/%m/%Y|%d/%m/%Y|%d %B %Y|%d %b %Y|%d-%b-%Y|%d.%m.%y",
        "£{}|£{}|£ {}|GBP {}|{} GBP", "VAT", ("20", "5"), "{n} {street}",
        "Quarry Lane|Mill Road|Saltmarsh Street|Unity Business Park, Cobden Way|Old Ferry Road",
        "{town} ??# #??|{town}, ??## #??", "Ashbury Vale|Thornwick|Little Marlow End|Port Ellery|Hexbridge",
        "+44 20 7946 0###|0161 496 0###|(0117) 496 0###|0131 4960 ###", "Oliver|Graham|Callum|Rhys|Desmond",
        "Harriet|Imogen|Bronwen|Sheila|Niamh", "Fairweather|Okonjo|Pemberton|Llewellyn|Thackeray|Ross",
        "{s} Ltd|{s} & {t} Ltd.|{w} {s} Limited|{s} {w} plc|{s} and Sons", "Thornwick Bank plc|Northern Mutual",
        "United Kingdom"),
    Country(
        "US", "USA", "en", "USD", ".", ",", "%m/%d/%Y|%m/%d/%Y|%B %d, %Y|%b %d, %Y|%m/%d/%y|%Y-%m-%d",
        "${}|${}|$ {}|USD {}|{} USD", "Sales Tax|Tax|State Tax", ("8.25", "6"), "{n}## {street}|{n} {street}, Suite ###",
        "Cottonwood Drive|Prairie Ave|W 4th Street|Harbor Blvd|Old Mill Rd", "{town}, CA 9####|{town}, OH 4####|{town}, TX 7####",
        "Cedar Hollow|Fort Mercer|San Olivero|Maple Junction|New Kingsport", "(212) 555-01##|+1 415-555-01##|312.555.01##",
        "Dwayne|Ethan|Hector|Brandon", "Shelby|Maria|Tiffany|Kayla", "Hollister|Ramirez|Washburn|McKinnon|Nguyen",
        "{s} Inc.|{s} {w} LLC|{w} {s} Corp.|{s} & {t}, Inc.", "First Prairie Bank, N.A.|Olivero Credit Union", "USA"),
    Country(
        "SG", "SGP", "en", "SGD", ".", ",", "%d/%m/%Y|%d %b %Y|%d-%m-%Y|%d %B %Y", "S${}|SGD {}|S$ {}|{} SGD",
        "GST", ("9",), "{n} {street} ~0#-##", "Jurong Hill Avenue|Tagore Link|Kranji Crescent|Ubi View",
        "Singapore ######", "Singapore", "+65 6### ####|6### ####", "Wei Jie|Kumar|Zhi Hao|Farid", "Hui Min|Priya|Siew Ling",
        "Tan|Lim|Rajendran|Ong", "{s} {w} Pte Ltd|{s} & {t} Pte. Ltd.|{w} {s} (S) Pte Ltd", "Straits Union Bank", "Singapore"),
    Country(
        "MY", "MYS", "ms", "MYR", ".", ",", "%d/%m/%Y|%d/%m/%y|%d-%m-%Y|%d %B %Y|%d %b %Y", "RM {}|RM{}|MYR {}|RM {}",
        "SST|Cukai Perkhidmatan|GST", ("6", "8"), "No. {n}, {street}|Lot {n}, {street}|{n}, {street}",
        "Jalan Kenanga 3|Jln Bukit Indah|Taman Seri Wawasan|Lorong Cempaka 2/1|Persiaran Mawar",
        "##### {town}, Selangor|##### {town}, Johor|##### {town}", "Bandar Sri Mutiara|Kampung Pasir|Taman Perling Jaya|Kuala Serai",
        "03-2### ####|+60 3-7### ####|07-3## ####|03 8### ####", "Ahmad Faizal|Mohd Hafiz|Zulkifli|Kok Leong", "Nurul Aina|Siti Hajar|Mei Fong|Aisyah",
        "Ismail|Hashim|Rosli|Abdullah|Chong", "{s} {w} Sdn Bhd|{w} {s} Sdn. Bhd.|PERNIAGAAN {s}|SYARIKAT {s} & {t}|{s} {w} Enterprise",
        "Bank Mutiara Berhad|Bank Seri Negara Berhad", "Malaysia"),
    Country(
        "FR", "FRA", "fr", "EUR", ",", " ", "%d/%m/%Y|%d/%m/%Y|%d %B %Y|%d.%m.%Y|%d/%m/%y", "{} €|{} €|{} EUR|{} euros",
        "TVA", ("20", "5,5"), "{n} {street}|{n} bis, {street}", "rue des Tilleuls|avenue du Général Morand|place de l'Église|ZI Les Grands Prés|chemin Vert",
        "##### {town}", "Saint-Aubert|Villeneuve-sur-Orge|Montrégis|Châtelay|LA ROCHE-BLANCHE", "01 99 00 ## ##|+33 4 65 71 ## ##|05.36.49.##.##|02 61 91 ## ##",
        "Étienne|Gérard|Mathieu|Loïc", "Hélène|Françoise|Aurélie|Maïté", "Lefranc|Dubreuil|Chassagne|Péronnet|Garnier",
        "{s} SARL|SAS {s}|{w} {s} S.A.S.|Ets {s} et {t}|{w} du {s} SA", "Crédit de l'Orge|Banque Montrégis", "France"),
    Country(
        "ES", "ESP", "es", "EUR", ",", ".", "%d/%m/%Y|%d/%m/%Y|%d-%m-%Y|%d de %B de %Y|%d/%m/%y", "{} €|{} €|{}€|{} EUR",
        "IVA|I.V.A.", ("21", "10"), "{street}, {n}|{street} {n}, #º A", "Calle del Olivar|Avda. de la Fuente|C/ San Telmo|Polígono Las Viñas, nave|Plaza Mayor",
        "##### {town}", "Villarrubio del Campo|Torrealba|Puerto Alondra|Monteagudo|Peñaflor de Ebro", "+34 91 4## ## ##|93 4## ## ##|96 3## ###|954 ## ## ##",
        "Íñigo|Joaquín|Álvaro|Rubén", "Begoña|Inmaculada|Lucía|Noelia", "Ibáñez Soler|Quintanilla|Otxoa|Fuentes Prado|Muñoz",
        "{s}, S.L.|{w} {s} S.A.|{s} y {t}, S.L.|Hermanos {s} S.L.U.", "Caja Rural de Torrealba|Banco Alondra, S.A.", "España"),
    Country(
        "IT", "ITA", "it", "EUR", ",", ".", "%d/%m/%Y|%d/%m/%Y|%d-%m-%Y|%d %B %Y|%d.%m.%y", "€ {}|€ {}|{} €|EUR {}|Euro {}",
        "IVA|I.V.A.", ("22", "10"), "{street}, {n}|{street} {n}/A", "Via dei Mulini|Viale Kennedy|Piazza San Rocco|Corso Cavour|Strada Provinciale 12",
        "##### {town} (BG)|##### {town} TO|##### - {town} (VR)", "Borgo San Lazzaro|Castelverde|Montalto Ligure|Rivabella", "+39 02 8######|06-6#######|02 7## ####|011 5######",
        "Gianluca|Niccolò|Ettore|Salvatore", "Ginevra|Ornella|Concetta|Letizia", "Bevilacqua|Dell'Orto|Cattaneo|Sanfilippo|Moretti",
        "{s} S.r.l.|{w} {s} S.p.A.|{s} & {t} S.n.c.|Ditta {s}|F.lli {s} S.r.l.", "Banca di Castelverde|Cassa Rurale Ligure", "Italia"),
    Country(
        "NL", "NLD", "nl", "EUR", ",", ".", "%d-%m-%Y|%d-%m-%Y|%d %B %Y|%d/%m/%Y|%d-%m-%y", "€ {}|€ {}|€{}|EUR {}|{} EUR",
        "BTW|btw", ("21", "9"), "{street} {n}|{street} {n}-A", "Zeedijkstraat|Molenlaan|Kerkplein|Industrieweg|Oude Gracht",
        "#### ?? {town}|####?? {town}", "Noorderbroek|Waalhaven|Sint Jansdam|Veenwoude", "+31 20 5## ## ##|010-4######|030 - 2## ## ##",
        "Joost|Sander|Wouter|Thijs", "Marieke|Anouk|Liesbeth|Fenna", "van der Veen|Hoekstra|Kuipers|Dijkgraaf|de Bruin",
        "{s} B.V.|{s} & {t} B.V.|{w} {s} BV|{w}handel {s} V.O.F.", "Waalbank N.V.|Noorderbank", "Nederland"),
    Country(
        "PL", "POL", "pl", "PLN", ",", " ", "%d.%m.%Y|%Y-%m-%d|%d-%m-%Y|%d %B %Y r.|%d.%m.%Y r.", "{} zł|{} zł|{} PLN|{} PLN",
        "VAT", ("23", "8"), "ul. {street} {n}|ul. {street} {n}/##|os. {street} {n}", "Kwiatowa|Długa|Żeromskiego|Słoneczna|Przemysłowa",
        "##-### {town}", "Nowy Zagórz|Białowieś|Łąkowo Dolne|Grodziszcze|Świętno", "+48 22 6## ## ##|22 5## ## ##|12 4## ## ##|61 8## ## ##",
        "Krzysztof|Łukasz|Wojciech|Paweł", "Małgorzata|Agnieszka|Żaneta|Elżbieta", "Wiśniowiecki|Zając|Gołąb|Pawlak|Śliwa",
        "{s} Sp. z o.o.|{w} {s} S.A.|PPHU {s} s.c.|{w} {s} Sp. z o.o. Sp. k.|FHU {s}", "Bank Łąkowski S.A.|Bank Spółdzielczy w Świętnie", "Polska"),
)}

TRADES = {  # words of firms' names
    "de": "Druck|Elektro|Bau|Technik|Möbel|Papier", "en": "Print|Marine|Textiles|Tools|Foods|Systems|Logistics",
    "ms": "Jaya|Maju|Utama|Trading|Hardware|Niaga", "fr": "Imprimerie|Menuiserie|Atelier|Transports|Papeterie",
    "es": "Suministros|Talleres|Conservas|Muebles|Transportes", "it": "Officine|Tipografia|Forniture|Cantine|Tessitura",
    "nl": "Drukkerij|Techniek|Bouw|Groot|Bloemen", "pl": "Drukarnia|Hurtownia|Stolarnia|Budowa|Piekarnia",
}
GOODS = {  # what line items are
    "de": "Kopierpapier A4 80 g, weiß|Schrauben M6 x 40 verzinkt|Beratung vor Ort|LED-Leuchte 12 W|Wartung Heizungsanlage|Ordner breit, blau|"
          "Montagewinkel 90°|Anfahrtspauschale|Spanplatte 16 mm|Kaffee gemahlen 500 g|Handschuhe Gr. 9|Verlängerungskabel 5 m",
    "en": "Copy paper A4 80gsm white|Hex bolt M6 x 40 zinc|On-site consulting|LED lamp 12W|Boiler service|Lever arch file blue|Angle bracket 90 deg|"
          "Call-out charge|Plywood 18 mm|Ground coffee 500g|Work gloves size 9|Extension lead 5m|Hosting, annual plan|Packing tape 48mm",
    "ms": "Kertas A4 80gsm|Skru M6 x 40|Beras wangi 5kg|Minyak masak 2kg|Mentol LED 12W|Servis penghawa dingin|Gula pasir 1kg|Sarung tangan kerja|"
          "Simen 50kg|Cat dinding putih 5L|Air mineral 500ml|Kabel sambungan 5m",
    "fr": "Ramette papier A4 80 g|Vis M6 x 40 zinguée|Main-d'œuvre atelier|Ampoule LED 12 W|Entretien chaudière|Classeur à levier bleu|Équerre 90°|"
          "Forfait déplacement|Panneau contreplaqué 18 mm|Café moulu 500 g|Gants taille 9|Rallonge 5 m",
    "es": "Papel A4 80 g blanco|Tornillo M6 x 40 cincado|Mano de obra|Bombilla LED 12 W|Revisión de caldera|Archivador azul|Escuadra 90°|"
          "Desplazamiento|Tablero 18 mm|Café molido 500 g|Guantes talla 9|Alargador 5 m|Aceite de oliva 5 L",
    "it": "Carta A4 80 g bianca|Viti M6 x 40 zincate|Manodopera officina|Lampada LED 12 W|Manutenzione caldaia|Raccoglitore blu|Staffa 90°|"
          "Diritto di chiamata|Pannello 18 mm|Caffè macinato 500 g|Guanti tg. 9|Prolunga 5 m",
    "nl": "Kopieerpapier A4 80 g|Bouten M6 x 40 verzinkt|Arbeidsloon monteur|Ledlamp 12 W|Onderhoud cv-ketel|Ordner blauw|Hoekbeugel 90°|"
          "Voorrijkosten|Multiplex 18 mm|Koffie gemalen 500 g|Werkhandschoenen mt 9|Verlengsnoer 5 m",
    "pl": "Papier ksero A4 80 g|Śruba M6 x 40 ocynk|Usługa doradcza|Żarówka LED 12 W|Przegląd kotła gazowego|Segregator niebieski|Kątownik 90°|"
          "Dojazd do klienta|Sklejka 18 mm|Kawa mielona 500 g|Rękawice robocze r. 9|Przedłużacz 5 m",
}
UNITS = {"de": "Stk.|Pack|Std.|kg|m", "en": "pcs|ea|hrs|kg|box", "ms": "unit|kotak|kg|pcs", "fr": "u|pce|h|kg|lot", "es": "ud.|h|kg|caja",
         "it": "pz|nr|h|kg|cf", "nl": "st|doos|uur|kg", "pl": "szt.|op.|godz.|kg"}
# fmt: on


@dataclass(frozen=True, slots=True)
class Person:
    given: str
    surname: str
    sex: str

    @property
    def full(self) -> str:
        return f"{self.given} {self.surname}"


@dataclass(frozen=True, slots=True)
class Party:
    """A firm or a person with an address: its street, and its postcode and town."""

    name: str
    street: str
    town: str
    phone: str
    email: str
    web: str

    @property
    def address(self) -> str:
        return f"{self.street}, {self.town}"


def fill(chance: random.Random, pattern: str) -> str:
    """The pattern with digits for ``#`` (never a leading 0 of a run) and letters for ``?``."""
    out: list[str] = []
    for mark in pattern:
        if mark == "#":
            first = not out or not out[-1].isdigit()
            out.append(str(chance.randint(1 if first else 0, 9)))
        elif mark == "?":
            out.append(chance.choice("ABCDEFGHJKLMNPRSTWXY"))
        elif mark == "~":
            out.append("#")
        else:
            out.append(mark)
    return "".join(out)


def pick(chance: random.Random, choices: str) -> str:
    return chance.choice(choices.split("|"))


def person(chance: random.Random, country: Country) -> Person:
    sex = chance.choice("MF")
    names = (country.men if sex == "M" else country.women).split("|")
    twice = country.code not in ("MY", "SG") and chance.random() < 0.25
    given = " ".join(chance.sample(names, 1 + twice))
    return Person(given, pick(chance, country.surnames), sex)


def firm_name(chance: random.Random, country: Country) -> str:
    names = country.surnames.split("|")
    first, second = chance.sample([name.split()[-1] for name in names], 2)
    pattern = pick(chance, country.forms)
    return pattern.format(s=first, t=second, w=pick(chance, TRADES[country.language]))


def party(chance: random.Random, country: Country, name: str = "") -> Party:
    """A firm, or whoever is named, at an address of the country."""
    name = name or firm_name(chance, country)
    street = pick(chance, country.street).replace("{street}", pick(chance, country.streets))
    street = fill(chance, street.replace("{n}", str(chance.randint(1, 140))))
    town = fill(chance, pick(chance, country.town)).replace("{town}", pick(chance, country.towns))
    letters = unicodedata.normalize("NFD", name.lower().replace("ł", "l").replace("ß", "ss"))
    plain = "".join(c for c in letters if c.isascii() and c.isalpha())[:14]
    domain = plain + chance.choice(
        (".example", "-online.example", ".com", f".{country.code.lower()}")
    )
    mailbox = chance.choice(("info", "office", "sales", "mail", "accounts", "contact"))
    return Party(
        name,
        street,
        town,
        fill(chance, pick(chance, country.phone)),
        f"{mailbox}@{domain}",
        chance.choice(("www.", "www.", "https://www.")) + domain,
    )
