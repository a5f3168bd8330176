"""Phrases of eight languages beside labels, and patterns of numbers (see ``field_content``)."""

from __future__ import annotations

# fmt: off
OF_NET = {
    "de": "auf",
    "en": "on",
    "fr": "sur",
    "es": "s/",
    "it": "su",
    "nl": "over",
    "pl": "od",
    "ms": "atas",
}
DATED = {
    "de": "vom",
    "en": "dated",
    "fr": "du",
    "es": "de fecha",
    "it": "del",
    "nl": "van",
    "pl": "z dnia",
    "ms": "bertarikh",
}
NUMBERED = {
    "de": "Nr. ",
    "en": "No. ",
    "fr": "n° ",
    "es": "nº ",
    "it": "n. ",
    "nl": "",
    "pl": "nr ",
    "ms": "No. ",
}
PAY_BY = {
    "de": "Bitte überweisen Sie den Betrag bis zum {}.", "en": "Please remit payment by {}.", "fr": "Merci de régler cette facture avant le {}.",
    "es": "Rogamos efectúen el pago antes del {}.", "it": "Si prega di saldare entro il {}.", "nl": "Wij verzoeken u vóór {} te betalen.",
    "pl": "Prosimy o zapłatę do dnia {}.", "ms": "Sila jelaskan bayaran sebelum {}.",
}

INVOICE_NUMBERS = (
    "{Y}-####|RE{y}#####|INV-######|F{Y}/###|#######|####/{Y}|FV/##/0#/{Y}|{Y}0####|A-#####|"
    "IV{y}-#####|RG-{Y}-0###|#/{Y}"
)
ORDER_NUMBERS = "PO-#####|45########|B{y}-####|######|{Y}/####|ZAM/###/{Y}|OC-####|PO{Y}0###"
CUSTOMER_NUMBERS = "K-#####|#####|1####|C0####|D######|##-####"
NOTES = {
    "en": "Please quote the invoice number with your payment.|Goods remain our property until paid in full.|Thank you for your business.",
    "de": "Bitte geben Sie bei Zahlung die Rechnungsnummer an.|Die Ware bleibt bis zur vollständigen Bezahlung unser Eigentum.|Vielen Dank für Ihren Auftrag.",
    "fr": "Pas d'escompte pour paiement anticipé.|En cas de retard, indemnité forfaitaire de 40 €.|Merci de votre confiance.",
    "es": "Gracias por su confianza.|Indique el número de factura en la transferencia.|Recargo por demora según ley.",
    "it": "Contributo CONAI assolto ove dovuto.|Si prega di indicare il numero del documento nel bonifico.|Grazie per la preferenza.",
    "nl": "Gelieve bij betaling het factuurnummer te vermelden.|Bedankt voor uw opdracht.|Op al onze leveringen zijn onze voorwaarden van toepassing.",
    "pl": "Dziękujemy za zakupy.|Prosimy o podanie numeru dokumentu w tytule przelewu.|Towar do czasu zapłaty pozostaje własnością sprzedawcy.",
    "ms": "Terima kasih atas sokongan anda.|Barang yang dijual tidak boleh dikembalikan.|Sila nyatakan nombor invois semasa membuat bayaran.",
}
TERMS = {
    "en": "30 days net|Net 14 days|Due on receipt|2% 10, net 30", "de": "30 Tage netto|14 Tage netto|sofort ohne Abzug|10 Tage 2 % Skonto, 30 Tage netto",
    "fr": "30 jours net|Virement à 30 jours|45 jours fin de mois", "es": "Transferencia 30 días|Contado|Recibo domiciliado 60 días",
    "it": "Bonifico 30 gg d.f.|Rimessa diretta|RI.BA. 60 gg f.m.", "nl": "30 dagen netto|14 dagen na factuurdatum|Contant",
    "pl": "przelew 14 dni|przelew 30 dni|gotówka", "ms": "30 hari|Tunai|14 hari dari tarikh invois",
}
UP_TO = {
    "en": "to",
    "de": "bis",
    "fr": "au",
    "es": "al",
    "it": "al",
    "nl": "t/m",
    "pl": "do",
    "ms": "hingga",
}
SUPPLIERS = {
    "de": "Stadtwerke {t}|{s} Energie GmbH", "en": "{s} Power Ltd|{t} Water plc|{s} Energy", "fr": "{s} Énergie SA|Régie de {t}",
    "es": "Energía {s}, S.A.|Aguas de {t}", "it": "{s} Energia S.p.A.|Servizio Elettrico {t}", "nl": "{s} Energie B.V.|Waterbedrijf {t}",
    "pl": "{s} Energia S.A.|Gazownia {t} Sp. z o.o.", "ms": "Tenaga {s} Berhad|Air {t} Sdn Bhd",
}
THANKS = {
    "en": "THANK YOU, PLEASE COME AGAIN", "de": "Vielen Dank für Ihren Einkauf!", "fr": "MERCI DE VOTRE VISITE", "es": "GRACIAS POR SU VISITA",
    "it": "ARRIVEDERCI E GRAZIE", "nl": "BEDANKT EN TOT ZIENS", "pl": "DZIĘKUJEMY ZAPRASZAMY PONOWNIE", "ms": "TERIMA KASIH SILA DATANG LAGI",
}
STAMPS = {
    "en": "RECEIVED", "de": "EINGEGANGEN", "fr": "REÇU LE", "es": "RECIBIDO", "it": "RICEVUTO",
    "nl": "ONTVANGEN", "pl": "WPŁYNĘŁO", "ms": "DITERIMA",
}
RECEIPT_NUMBERS = "######|####|{Y}0#####|T##-####|#### ## ###|CS#####|##/####"
# fmt: on
