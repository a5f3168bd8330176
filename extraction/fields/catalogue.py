"""The predefined fields: one literal table, a row a field."""

from __future__ import annotations

from extraction.fields.definition import Field

# fmt: off
CATALOGUE: tuple[Field, ...] = (
    Field(
        "invoice_number", "Invoice number", "id",
        (
            "invoice number", "invoice no", "invoice #", "invoice id", "inv no", "tax invoice no",
            "bill no", "receipt no", "receipt number", "document no", "document number",
            "Rechnungsnummer", "Rechnungs-Nr", "Rechnung Nr", "Rechnungsnr", "Belegnummer",
            "Beleg-Nr", "numéro de facture", "facture n°", "facture no", "n° de facture",
            "n° facture", "número de factura", "factura n°", "factura no", "nº factura",
            "nº de factura", "numero fattura", "fattura n", "fattura nr", "fattura numero",
            "n. fattura", "numer faktury", "faktura nr", "faktura vat nr", "nr faktury",
            "nombor invois", "no invois", "no resit", "factuurnummer",
        ),
        ("invoice", "Rechnung", "facture", "factura", "fattura", "faktura", "invois", "factuur",
         "doc no", "bill", "inv", "slip no", "trans no", "reference no"),
    ),
    Field(
        "invoice_date", "Invoice date", "date",
        (
            "invoice date", "date of issue", "issue date", "date of invoice", "bill date",
            "receipt date", "tax invoice date", "invoiced on", "Rechnungsdatum", "Belegdatum",
            "Ausstellungsdatum", "date de facture", "date de facturation", "date d'émission",
            "fecha de factura", "fecha factura", "fecha de emisión", "data fattura",
            "data emissione", "data di emissione", "data wystawienia", "data faktury",
            "tarikh invois", "factuurdatum",
        ),
        ("date", "Datum", "fecha", "data", "tarikh", "date time", "dated", "date et heure"),
    ),
    Field(
        "due_date", "Due date", "date",
        (
            "due date", "payment due", "payment due date", "due on", "due by", "pay by",
            "payable by", "fällig am", "Fälligkeitsdatum", "Fälligkeit", "zahlbar bis",
            "Zahlungsziel", "date d'échéance", "échéance", "à payer avant le",
            "fecha de vencimiento", "vencimiento", "data di scadenza", "data scadenza",
            "scadenza", "termin płatności", "zapłata do", "tarikh akhir bayaran",
            "bayar sebelum", "vervaldatum",
        ),
        document_types=("invoice",),
    ),
    Field(
        "purchase_order_number", "Purchase order number", "id",
        (
            "purchase order", "purchase order number", "purchase order no", "PO number", "PO no",
            "P.O. number", "P.O. no", "PO #", "your order no", "your order", "Bestellnummer",
            "Bestell-Nr", "Ihre Bestellung", "Ihre Bestellnummer", "bon de commande",
            "numéro de commande", "n° de commande", "commande n°", "pedido n°",
            "número de pedido", "orden de compra", "nº de pedido", "numero ordine", "ordine n",
            "ordine d'acquisto", "numer zamówienia", "zamówienie nr", "nr zamówienia",
            "pesanan belian", "no pesanan", "ordernummer", "order number", "order no",
            "order id", "order #",
        ),
        document_types=("invoice",),
    ),
    Field(
        "issuer_name", "Issuer", "organisation",
        ("sold by", "seller", "vendor", "supplier", "Verkäufer", "vendeur", "vendedor",
         "venditore", "sprzedawca", "penjual"),
        ("issued by", "from"),
    ),
    Field(
        "issuer_address", "Issuer's address", "address",
        ("address of the seller", "registered office", "registered address", "Firmensitz",
         "siège social", "domicilio social", "sede legale", "adres sprzedawcy"),
    ),
    Field(
        "vat_number", "VAT number of the issuer", "vat",
        (
            "VAT number", "VAT no", "VAT reg no", "VAT registration number", "VAT ID",
            "VAT reg", "tax ID", "tax number", "tax reg no", "GST no", "GST reg no", "GST ID",
            "GST reg", "GST registration no", "GST number", "SST no", "USt-IdNr", "USt-ID",
            "USt-Id-Nr", "Umsatzsteuer-ID", "Umsatzsteuer-Identifikationsnummer", "UID",
            "UID-Nr", "Steuernummer", "n° TVA", "numéro de TVA", "TVA intracommunautaire",
            "n° TVA intracommunautaire", "NIF", "CIF", "NIF/CIF", "partita IVA", "P. IVA",
            "P.IVA", "NIP", "no GST", "no cukai", "BTW nummer", "BTW nr", "TIN",
        ),
    ),
    Field("iban", "IBAN", "iban", ("IBAN", "IBAN no", "IBAN number")),
    Field(
        "subtotal", "Subtotal before tax", "money",
        (
            "subtotal", "sub-total", "sub total", "net total", "net amount", "total net",
            "total excl tax", "total excluding tax", "total excl VAT", "total excl GST",
            "total excluding GST", "total excluding VAT", "total amount excl GST",
            "amount before tax", "taxable amount", "total before tax", "Zwischensumme",
            "Nettobetrag", "Netto", "Summe netto", "Gesamt netto", "Nettosumme", "total HT",
            "montant HT", "sous-total", "base imponible", "total sin IVA", "imponibile",
            "totale imponibile", "wartość netto", "razem netto", "suma netto",
            "jumlah kecil", "subtotaal", "totaal excl btw", "exclusief BTW", "excl btw",
            "excl VAT", "excl GST", "exkl MwSt", "hors taxe",
        ),
    ),
    Field(
        "tax_amount", "Tax", "money",
        (
            "total VAT", "VAT amount", "tax amount", "total tax", "sales tax", "total GST",
            "GST amount", "GST payable", "amount of tax", "VAT total", "MwSt", "Mehrwertsteuer",
            "USt", "Umsatzsteuer", "zzgl MwSt", "Steuerbetrag", "montant TVA", "total TVA",
            "TVA", "cuota IVA", "total IVA", "importo IVA", "totale IVA", "IVA", "kwota VAT",
            "podatek VAT", "suma VAT", "jumlah cukai", "jumlah GST", "BTW", "service tax",
        ),
        ("VAT", "GST", "tax", "cukai", "SST"),
    ),
    Field(
        "total_amount", "Total amount", "money",
        (
            "grand total", "total amount", "amount due", "total due", "balance due",
            "invoice total", "total payable", "amount payable", "nett total", "total to pay",
            "total incl tax", "total including tax", "total including VAT", "total including GST",
            "total incl VAT", "total incl GST",
            "total inclusive GST", "total inclusive of GST", "total sales inclusive GST",
            "total sales inclusive of GST", "total rounded", "rounded total",
            "total after rounding", "net total rounded", "total price", "total amount due",
            "total amount payable",
            "Gesamtbetrag", "Rechnungsbetrag", "Gesamtsumme", "Endbetrag", "Gesamt brutto",
            "Bruttobetrag", "zu zahlen", "Zahlbetrag", "zu zahlender Betrag", "Summe brutto",
            "total TTC", "montant total", "net à payer", "montant TTC", "total à payer",
            "total factura", "importe total", "total a pagar", "totale fattura",
            "totale documento", "totale da pagare", "totale dovuto", "do zapłaty",
            "razem do zapłaty", "kwota do zapłaty", "wartość brutto", "razem brutto",
            "jumlah keseluruhan", "jumlah perlu dibayar", "jumlah besar", "te betalen",
            "totaal incl btw", "totaalbedrag",
        ),
        ("total", "Summe", "Gesamt", "totale", "razem", "suma", "jumlah", "totaal", "Brutto"),
    ),
)

# Labels that contain one of the above and mean something else.
OTHER_LABELS: tuple[str, ...] = (
    "tax invoice", "simplified tax invoice", "invoice to", "bill to", "order date", "delivery date",
    "ship date", "shipping date", "date of birth", "birth date", "print date", "expiry date",
    "Lieferdatum", "Bestelldatum", "orderdatum", "date de livraison", "date de commande",
    "fecha de pedido", "fecha de entrega", "data di consegna", "data dostawy", "data sprzedaży",
    "statement date", "date of service", "date of supply", "Leistungsdatum", "billing period",
    "total qty", "total quantity", "total item", "total items", "total discount", "total savings",
    "total disc", "total change", "total cash", "total tendered", "total paid", "total weight",
    "cash", "change", "change due", "rounding", "tunai", "baki", "cash tendered", "paid", "Bar",
    "Rückgeld", "gegeben", "rendu", "espèces", "cambio", "resto", "efectivo", "gotówka", "reszta",
    "tax code", "tax rate", "tax summary", "GST summary", "GST rate", "VAT rate", "VAT summary",
    "unit total", "line total", "total points", "total rounding", "rounding adjustment",
    "Steuersatz", "USt-Satz", "MwSt-Satz", "taux TVA", "tipo IVA", "aliquota IVA", "stawka VAT",
    "total saving", "total outstanding points", "invoice address", "Rechnungsadresse",
    "Rechnung an", "adresse de facturation", "order summary", "tax total %",
)
# fmt: on
