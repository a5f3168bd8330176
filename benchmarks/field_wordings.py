"""How papers of eight languages word their labels: several wordings each, some abbreviated.

Written down from such papers, not from the catalogue's synonyms. A row a label; a cell a language,
``|`` parts the wordings.
"""

from __future__ import annotations

import random

from benchmarks.field_wordings_more import MORE_ROWS

LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pl", "ms")

# fmt: off
_ROWS: dict[str, tuple[str, str, str, str, str, str, str, str]] = {
    # titles
    "title_invoice": ("INVOICE|Invoice|Tax Invoice|VAT INVOICE", "Rechnung|RECHNUNG|Rechnung / Invoice", "FACTURE|Facture", "FACTURA|Factura", "FATTURA|Fattura|Fattura di vendita", "FACTUUR|Factuur", "FAKTURA|Faktura VAT|FAKTURA VAT", "INVOIS|Invois Cukai|INVOIS / INVOICE"),
    "title_purchase_order": ("PURCHASE ORDER|Purchase Order|ORDER", "Bestellung|BESTELLUNG|Auftrag / Bestellung", "BON DE COMMANDE|Commande fournisseur", "PEDIDO|Orden de compra|PEDIDO DE COMPRA", "ORDINE DI ACQUISTO|Ordine a fornitore", "INKOOPORDER|Bestelling|Bestelbon", "ZAMÓWIENIE|Zamówienie do dostawcy", "PESANAN BELIAN|Pesanan Tempatan"),
    "title_delivery_note": ("DELIVERY NOTE|Delivery Note|Packing Slip|DESPATCH NOTE", "Lieferschein|LIEFERSCHEIN", "BON DE LIVRAISON|Bordereau de livraison", "ALBARÁN|Albarán de entrega|NOTA DE ENTREGA", "DOCUMENTO DI TRASPORTO|D.D.T.|Bolla di consegna", "PAKBON|Vrachtbon|Afleverbon", "WYDANIE ZEWNĘTRZNE WZ|List przewozowy / WZ|Dowód dostawy", "NOTA HANTARAN|PESANAN PENGHANTARAN (DO)"),
    "title_receipt": ("RECEIPT|TAX INVOICE|SALES RECEIPT|", "KASSENBON|Quittung|Rechnung|", "TICKET DE CAISSE|Ticket|", "FACTURA SIMPLIFICADA|TICKET|", "DOCUMENTO COMMERCIALE di vendita o prestazione|SCONTRINO|", "KASSABON|Bon|", "PARAGON FISKALNY", "RESIT|INVOIS CUKAI|RESIT RASMI|"),
    "title_bank_statement": ("Account Statement|Statement of Account|Your current account statement|BANK STATEMENT", "Kontoauszug|KONTOAUSZUG", "RELEVÉ DE COMPTE|Extrait de compte", "EXTRACTO DE CUENTA|Extracto bancario", "ESTRATTO CONTO|Estratto di conto corrente", "REKENINGAFSCHRIFT|Rekeningoverzicht", "WYCIĄG BANKOWY|Wyciąg z rachunku", "PENYATA AKAUN|Penyata Akaun Simpanan"),
    "title_payslip": ("PAYSLIP|Pay Advice|SALARY SLIP|Earnings Statement", "Verdienstabrechnung|Entgeltabrechnung|Lohn- und Gehaltsabrechnung", "BULLETIN DE PAIE|Bulletin de salaire", "RECIBO DE SALARIOS|NÓMINA|Recibo individual de salarios", "BUSTA PAGA|Cedolino paga", "LOONSTROOK|Salarisspecificatie", "PASEK WYNAGRODZEŃ|Lista płac - pasek", "SLIP GAJI|PENYATA GAJI"),
    "title_utility_bill": ("Electricity bill|Your energy bill|WATER BILL|Gas & Electricity Statement", "Ihre Stromrechnung|Jahresabrechnung Strom|Gasrechnung", "Votre facture d'électricité|Facture de gaz naturel", "Factura de electricidad|FACTURA DE GAS|Factura de agua", "Bolletta energia elettrica|BOLLETTA GAS", "Jaarafrekening energie|Uw energienota", "FAKTURA ROZLICZENIOWA - energia elektryczna|Rachunek za gaz", "BIL ELEKTRIK|Bil Air"),
    "title_bill_of_lading": ("BILL OF LADING|Bill of Lading for Ocean Transport or Multimodal Transport|COMBINED TRANSPORT BILL OF LADING", "KONNOSSEMENT / BILL OF LADING|Seekonnossement", "CONNAISSEMENT / BILL OF LADING|CONNAISSEMENT MARITIME", "CONOCIMIENTO DE EMBARQUE|CONOCIMIENTO DE EMBARQUE / BILL OF LADING", "POLIZZA DI CARICO|POLIZZA DI CARICO / BILL OF LADING", "COGNOSSEMENT / BILL OF LADING", "KONOSAMENT / BILL OF LADING", "BILL OF LADING|BIL MUATAN / BILL OF LADING"),
    # numbers and dates of business
    "invoice_number": ("Invoice No.|Invoice number|Inv. #|Invoice #|Our ref. / Invoice no", "Rechnungsnummer|Rechnungs-Nr.|Rechnung Nr.|RE-Nr.|Beleg-Nr.", "N° de facture|Facture n°|Numéro de facture|Réf. facture", "Nº de factura|Factura nº|Núm. factura|Número de factura|Fra. nº", "Fattura n.|Numero fattura|N. documento|Nr. fattura", "Factuurnummer|Factuurnr.|Nota nr.", "Faktura nr|Numer faktury|Nr faktury|FV nr", "No. Invois|Nombor Invois|Invois No."),
    "invoice_date": ("Invoice date|Date|Date of issue|Tax point / date|Dated", "Rechnungsdatum|Datum|Belegdatum|Rechn.-Datum", "Date|Date de facture|Date de facturation|Émise le", "Fecha|Fecha de factura|Fecha factura|Fecha de emisión", "Data|Data fattura|Data documento|Del", "Factuurdatum|Datum|Notadatum", "Data wystawienia|Data faktury|Wystawiono dnia", "Tarikh|Tarikh Invois|Tarikh dikeluarkan"),
    "due_date": ("Due date|Payment due|Please pay by|Due|Payable by", "Fällig am|Zahlbar bis|Fälligkeit|Fälligkeitsdatum|Zahlungsziel", "Échéance|Date d'échéance|À régler avant le|Date limite de paiement", "Vencimiento|Fecha de vencimiento|Vto.|Fecha límite de pago", "Scadenza|Data scadenza|Da pagare entro il", "Vervaldatum|Te betalen voor|Uiterste betaaldatum", "Termin płatności|Płatne do|Termin zapłaty", "Tarikh Akhir Bayaran|Perlu dibayar sebelum|Bayar sebelum"),
    "customer_number": ("Customer no.|Account no.|Customer ID|Client ref|A/C No", "Kundennummer|Kunden-Nr.|Kd.-Nr.|Debitor|Vertragskonto", "N° client|Code client|Réf. client|Compte client", "Nº cliente|Cód. cliente|Código de cliente", "Codice cliente|Cod. cliente|Cliente n.", "Klantnummer|Klantnr.|Debiteurnr.|Relatienummer", "Nr klienta|Numer klienta|Kod kontrahenta", "No. Pelanggan|Kod Pelanggan|No. Akaun"),
    "their_order": ("PO Number|Your order no.|P.O. No.|Customer PO|Your PO ref", "Ihre Bestellnummer|Ihre Bestell-Nr.|Bestellung Nr.|Bestellnr. Kunde", "Votre commande n°|N° commande|Réf. commande|Bon de commande n°", "Su pedido nº|Nº pedido|Ref. pedido", "Vs. ordine n.|Ordine n.|Rif. ordine|Numero ordine", "Uw ordernummer|Ordernr.|Uw bestelling|Inkoopordernr.", "Nr zamówienia|Zamówienie nr|Numer zamówienia", "No. PO|No. Pesanan Belian|Pesanan anda"),
    "order_date": ("Order date|Ordered on", "Bestelldatum|Auftragsdatum|Bestellt am", "Date de commande|Commandé le", "Fecha de pedido|Fecha pedido", "Data ordine|Ordine del", "Orderdatum|Besteldatum", "Data zamówienia|Zamówiono dnia", "Tarikh Pesanan"),
    "delivery_date": ("Delivery date|Date shipped|Required by|Deliver by", "Lieferdatum|Liefertermin|Leistungsdatum", "Date de livraison|Livraison le|Livré le", "Fecha de entrega|Entrega", "Data consegna|Consegna", "Leverdatum|Leverdag", "Data dostawy|Data dostawy/wykonania usługi|Data sprzedaży", "Tarikh Hantaran|Tarikh Penghantaran"),
    "delivery_number": ("Delivery note no.|DN No.|Despatch no.|Delivery No", "Lieferschein-Nr.|Lieferscheinnummer|Lieferschein Nr.|LS-Nr.", "N° BL|Bon de livraison n°|N° de bon", "Albarán nº|Nº albarán|Núm. de albarán", "DDT n.|N. DDT|Numero documento", "Pakbonnummer|Pakbonnr.|Bonnummer", "WZ nr|Nr WZ|Numer dokumentu", "No. DO|No. Nota Hantaran"),
    "delivery_note_date": ("Date|Despatch date|Delivery note date", "Datum|Lieferscheindatum|Datum Lieferschein", "Date|Date du BL", "Fecha|Fecha albarán", "Data|Data DDT|Data documento", "Datum|Pakbondatum", "Data wystawienia|Data", "Tarikh|Tarikh DO"),
    "order_number": ("Order No.|PO No.|Purchase order number|P.O. Number|Order ref.", "Bestellnummer|Bestell-Nr.|Bestellung Nr.|Auftragsnummer", "N° de commande|Commande n°|Bon de commande n°", "Nº de pedido|Pedido nº|Número de pedido|Orden de compra nº", "Ordine n.|Numero ordine|N. ordine", "Ordernummer|Bestelnummer|Inkooporder nr.", "Nr zamówienia|Zamówienie nr|Numer zamówienia", "No. Pesanan|No. PO|Pesanan No."),
    "po_date": ("Date|Order date|PO Date|Date of order", "Datum|Bestelldatum|Bestellung vom", "Date|Date de commande|En date du", "Fecha|Fecha del pedido", "Data|Data ordine|Del", "Datum|Besteldatum|Orderdatum", "Data|Data zamówienia|Z dnia", "Tarikh|Tarikh Pesanan"),
    "currency": ("Currency|All amounts in", "Währung|Alle Beträge in", "Devise|Monnaie", "Moneda|Divisa", "Valuta|Divisa", "Valuta", "Waluta", "Mata wang"),
    "payment_terms": ("Terms|Payment terms|Terms of payment", "Zahlungsbedingungen|Zahlungsbedingung|Konditionen", "Conditions de règlement|Modalités de paiement", "Forma de pago|Condiciones de pago", "Condizioni di pagamento|Pagamento|Modalità pagamento", "Betalingsconditie|Betalingstermijn", "Sposób płatności|Forma płatności|Warunki płatności", "Terma bayaran|Syarat pembayaran"),
    "contact": ("Contact|Your contact|Sales rep", "Ansprechpartner|Sachbearbeiter|Bearbeiter", "Contact|Votre interlocuteur|Affaire suivie par", "Contacto|Comercial|Persona de contacto", "Referente|Contatto|Agente", "Contactpersoon|Uw contact|Behandeld door", "Osoba kontaktowa|Wystawił|Opiekun", "Untuk perhatian|Pegawai"),
    # parties
    "bill_to": ("Bill to|Invoice to|Sold to|Customer|To|Billed to", "Rechnungsempfänger|An|Kunde|Rechnung an", "Facturé à|Client|Adresse de facturation|Doit", "Cliente|Facturar a|Datos del cliente", "Spett.le|Cliente|Destinatario|Intestatario", "Factuuradres|Aan|Klant|T.a.v.", "Nabywca|Klient|Nabywca / Odbiorca", "Kepada|Bil kepada|Pelanggan"),
    "ship_to": ("Ship to|Deliver to|Delivery address", "Lieferadresse|Lieferanschrift|Warenempfänger", "Adresse de livraison|Livré à|Livrer à", "Dirección de entrega|Enviar a|Entregar en", "Luogo di destinazione|Destinazione merce|Indirizzo di consegna", "Afleveradres|Leveringsadres", "Odbiorca|Adres dostawy|Miejsce dostawy", "Hantar ke|Alamat penghantaran"),
    "supplier": ("Supplier|Vendor|To", "Lieferant|An", "Fournisseur|À l'attention de", "Proveedor", "Fornitore|Spett.le", "Leverancier|Aan", "Dostawca|Sprzedawca", "Pembekal|Kepada"),
    "seller": ("From|Seller|Supplier", "Verkäufer|Leistungserbringer|Absender", "Vendeur|Émetteur", "Vendedor|Emisor", "Fornitore|Cedente|Emittente", "Van|Leverancier|Afzender", "Sprzedawca|Wystawca", "Daripada|Penjual"),
    # standing data of a firm
    "vat": ("VAT Reg. No.|VAT No|VAT registration number|Tax ID", "USt-IdNr.|USt-ID|UID-Nr.|USt.-Id.-Nr.|Umsatzsteuer-ID", "N° TVA|TVA intracommunautaire|N° TVA intracom.|TVA", "NIF|CIF|N.I.F.|C.I.F.", "P. IVA|Partita IVA|P.IVA|C.F. e P.IVA", "BTW-nummer|BTW nr.|BTW-id|btw-nr", "NIP|NIP|Nr NIP", "No. SST|No. Pendaftaran SST|SST ID|No. GST"),
    "registration": ("Company Reg. No.|Reg. No.|Company No", "HRB|Handelsregister|Amtsgericht Norderfelde HRB", "RCS|SIRET|Siren", "Registro Mercantil|Inscrita en el R.M. tomo", "REA|Iscr. Reg. Imprese", "KvK|KvK-nummer|K.v.K.", "REGON|KRS", "No. Pendaftaran|Co. Reg. No"),
    "phone": ("Tel|Phone|Telephone|T", "Tel.|Telefon|Fon", "Tél.|Téléphone|Tél", "Tel.|Teléfono|Tfno.", "Tel.|Telefono", "Tel.|Telefoon|T", "tel.|Telefon", "Tel|No. Tel|Telefon"),
    "email": ("Email|E-mail|E", "E-Mail|Mail", "E-mail|Courriel|Mél", "E-mail|Email|Correo", "E-mail|Email", "E-mail|Mail", "e-mail|E-mail", "Emel|E-mel"),
    "web": ("Web|Website|Internet", "Web|Internet", "Site|Web", "Web", "Sito|Web", "Web|Internet", "www|Strona", "Laman web|Web"),
    "bank": ("Bank|Bankers|Bank name", "Bank|Bankverbindung|Kreditinstitut", "Banque|Domiciliation", "Banco|Entidad", "Banca|Banca d'appoggio", "Bank", "Bank|Nazwa banku", "Bank|Nama Bank"),
    "iban": ("IBAN|IBAN|IBAN No", "IBAN|IBAN|Konto (IBAN)", "IBAN|Compte IBAN", "IBAN|Cuenta IBAN|Nº de cuenta (IBAN)", "IBAN|Coord. bancarie IBAN", "IBAN|Rekeningnr. (IBAN)|IBAN", "Nr konta|Rachunek bankowy|IBAN|Konto", "IBAN"),
    "bic": ("BIC|SWIFT|SWIFT/BIC|BIC code", "BIC|BIC/SWIFT|BIC", "BIC|Code BIC|SWIFT", "BIC|BIC/SWIFT", "BIC|SWIFT|BIC/SWIFT", "BIC|BIC", "SWIFT|BIC|BIC/SWIFT", "SWIFT|Kod SWIFT"),
    "account": ("Account no.|Account number|A/C no.", "Kontonummer|Konto-Nr.|Kto.-Nr.", "N° de compte|Compte n°", "Nº de cuenta|Cuenta", "Conto n.|Numero conto|C/C n.", "Rekeningnummer|Rekening", "Numer rachunku|Nr rachunku", "No. Akaun|Nombor Akaun"),
    # columns
    "col_position": ("#|No.|Item|Line", "Pos.|Pos|Nr.", "N°|Pos.|Ligne", "Nº|Lín.|Pos.", "N.|Riga|Pos.", "Nr.|Pos.|#", "Lp.|L.p.|Poz.", "Bil.|No.|Bil"),
    "col_article": ("Code|Item no.|SKU|Part No.", "Art.-Nr.|Artikelnummer|Artikel", "Réf.|Référence|Code", "Ref.|Código|Cód.", "Codice|Cod. art.|Articolo", "Artikelnr.|Art.nr.|Code", "Kod|Indeks|Symbol", "Kod|Kod Barang"),
    "col_description": ("Description|Item|Particulars|Details|Description of goods", "Bezeichnung|Beschreibung|Artikelbezeichnung|Leistung|Text", "Désignation|Description|Libellé|Prestation", "Descripción|Concepto|Artículo", "Descrizione|Descrizione articolo|Prodotto / servizio", "Omschrijving|Artikel|Beschrijving", "Nazwa towaru lub usługi|Nazwa|Towar / usługa|Opis", "Keterangan|Perihal|Butiran|Perkara"),
    "col_quantity": ("Qty|Quantity|QTY|Units", "Menge|Anzahl|Mge.", "Qté|Quantité|Qte", "Cantidad|Cant.|Uds.", "Q.tà|Quantità|Qtà", "Aantal|Aant.|Hoeveelheid", "Ilość|Il.", "Kuantiti|Kty|Bilangan"),
    "col_unit": ("Unit|UOM|U/M", "Einheit|Einh.|ME", "Unité|U", "Ud.|Unidad", "U.M.|UM", "Eenheid|Ehd", "J.m.|Jm", "Unit"),
    "col_unit_price": ("Unit price|Price|Rate|Price each|Unit cost", "Einzelpreis|E-Preis|Preis/Einheit|EP|Preis", "P.U. HT|Prix unitaire|PU HT|Prix unit.", "Precio|Precio unit.|P. unitario|Precio ud.", "Prezzo unit.|Prezzo|Prezzo unitario", "Prijs|Stukprijs|Prijs per stuk|Tarief", "Cena jedn. netto|Cena netto|Cena|Cena jedn.", "Harga Seunit|Harga|Harga unit"),
    "col_tax": ("VAT %|Tax|VAT rate", "MwSt|USt %|MwSt.-Satz", "TVA|Taux TVA|TVA %", "IVA|% IVA", "IVA|Aliq. IVA|% IVA", "BTW|BTW %", "VAT %|Stawka VAT|VAT", "Cukai|SST %"),
    "col_amount": ("Amount|Total|Line total|Net amount|Ext. price", "Gesamt|Gesamtpreis|Betrag|G-Preis|Summe", "Montant HT|Total HT|Montant|Total", "Importe|Total|Subtotal", "Importo|Totale|Imp. totale", "Bedrag|Totaal|Totaalprijs", "Wartość netto|Wartość|Kwota netto", "Jumlah|Amaun|Jumlah (RM)"),
    "col_ordered": ("Ordered|Qty ordered", "Bestellt|Bestellmenge", "Qté commandée|Cdée", "Pedido|Cant. pedida", "Q.tà ordinata|Ordinato", "Besteld", "Zamówiono|Ilość zam.", "Dipesan"),
    "col_delivered": ("Delivered|Qty shipped|Despatched", "Geliefert|Liefermenge|Menge", "Qté livrée|Livrée", "Servido|Cant. entregada|Cantidad", "Q.tà consegnata|Quantità|Q.tà", "Geleverd|Aantal geleverd", "Wydano|Ilość|Ilość wydana", "Dihantar|Kuantiti"),
    # sums
    "subtotal": ("Subtotal|Net total|Total excl. VAT|Sub-total", "Zwischensumme|Nettobetrag|Summe netto|Netto", "Total HT|Sous-total HT|Montant HT", "Base imponible|Subtotal|Base", "Imponibile|Totale imponibile|Totale netto", "Subtotaal|Totaal excl. btw|Bedrag exclusief btw", "Razem netto|Wartość netto|Suma netto", "Jumlah kecil|Jumlah sebelum cukai|Subtotal"),
    "goods_total": ("Goods total|Gross amount", "Warenwert|Summe Positionen", "Total brut HT|Montant brut", "Importe bruto|Suma", "Totale merce|Totale righe", "Totaal goederen|Goederenbedrag", "Wartość towarów|Razem przed rabatem", "Jumlah barang"),
    "discount": ("Discount|Less discount|Trade discount", "Rabatt|abzgl. Rabatt|Nachlass", "Remise|Remise commerciale", "Descuento|Dto.", "Sconto|Sconto incond.", "Korting", "Rabat|Upust", "Diskaun|Potongan"),
    "shipping": ("Carriage|Shipping|Delivery charge|Freight", "Versandkosten|Versand|Fracht", "Frais de port|Port", "Portes|Gastos de envío", "Spese di trasporto|Trasporto", "Verzendkosten|Vracht", "Koszt dostawy|Transport", "Caj penghantaran"),
    "tax_total": ("Total {tax}|{tax} amount|{tax}", "{tax} gesamt|Summe {tax}|{tax}", "Total {tax}|Montant {tax}|{tax}", "Total {tax}|Cuota {tax}|{tax}", "Totale {tax}|Totale imposta|{tax}", "Totaal {tax}|{tax}|{tax} bedrag", "Kwota VAT|Razem VAT|Podatek VAT", "Jumlah {tax}|{tax}|Jumlah cukai"),
    "total": ("Total|Grand total|Invoice total|TOTAL|Amount due|Total payable|Total incl. tax", "Gesamtbetrag|Rechnungsbetrag|Endbetrag|Summe brutto|Gesamt|Gesamtsumme", "Total TTC|Montant TTC|Net à payer|TOTAL TTC|Total à payer", "TOTAL|Total factura|Importe total|Total a pagar", "Totale|Totale documento|Totale fattura|Totale da pagare|TOTALE EURO", "Totaal|Totaal incl. btw|Te betalen|Totaalbedrag", "Do zapłaty|Razem do zapłaty|Razem brutto|Suma|Kwota do zapłaty", "Jumlah|Jumlah Keseluruhan|JUMLAH BESAR|Jumlah perlu dibayar"),
    "prepaid": ("Paid on account|Deposit received|Less paid", "Anzahlung|bereits bezahlt|abzgl. Anzahlung", "Acompte versé|Déjà réglé", "Anticipo|Entregado a cuenta", "Acconto|Già pagato", "Aanbetaling|Reeds voldaan", "Zapłacono|Zaliczka", "Deposit|Telah dibayar"),
    # receipts
    "receipt_number": ("Receipt No|Receipt #|Trans No|Inv No|Bill No.", "Bon-Nr.|Beleg-Nr.|Bon|Belegnummer", "Ticket n°|N° ticket|Ticket", "Ticket nº|Nº ticket|Factura simpl.", "Documento n.|Doc. N.|DOCUMENTO N.", "Bonnr.|Bon nr|Transactienr.", "Nr paragonu|W nr|nr wydr.", "No. Resit|Resit No|No. Invois"),
    "receipt_date": ("Date|Date/Time||", "Datum|Datum||", "Date|Le||", "Fecha|Fecha||", "Data|DATA||", "Datum||", "Data|", "Tarikh|Tarikh/Masa||"),
    "cashier": ("Cashier|Served by|Till|Clerk", "Kasse|Bediener|Es bediente Sie", "Caisse|Vendeur|Hôtesse", "Cajero|Le atendió|Caja", "Cassa|Operatore", "Kassa|Medewerker", "Kasjer|Kasa", "Juruwang|Kaunter"),
    "cash": ("CASH|Cash tendered|Cash", "Bar|Gegeben|BAR", "Espèces|ESPECES|Reçu", "Efectivo|EFECTIVO|Entregado", "Contante|CONTANTI|Pagamento contante", "Contant|Betaald contant", "Gotówka|GOTÓWKA", "Tunai|TUNAI"),
    "change": ("CHANGE|Change due|Change", "Rückgeld|Zurück|RÜCKGELD", "Rendu|A RENDRE|Rendu monnaie", "Cambio|CAMBIO|A devolver", "Resto|RESTO", "Wisselgeld|Terug", "Reszta|RESZTA", "Baki|BAKI"),
    "card": ("VISA|Card|Debit Mastercard", "EC-Karte|girocard|Kartenzahlung", "CB|Carte bancaire", "Tarjeta|TARJETA VISA", "Pagamento elettronico|BANCOMAT", "PIN|Pinpas", "Karta płatnicza|KARTA", "Kad kredit|Kad debit"),
}
# fmt: on
# What one country says and its language does not.
_OF_COUNTRIES = {
    ("title_invoice", "US"): "INVOICE|Invoice",
    ("title_invoice", "SG"): "TAX INVOICE|Tax Invoice|INVOICE",
    ("subtotal", "US"): "Subtotal|Sub-total|Net total",
    ("subtotal", "SG"): "Subtotal|Total excl. GST|Total before GST",
    ("col_tax", "US"): "Tax %|Tax",
    ("col_tax", "SG"): "GST %|GST",
    ("social_number", "US"): "SSN|Social Security No.|SS Number",
    ("social_number", "SG"): "CPF No.|CPF Account No.",
    ("withheld", "US"): "Federal income tax|Social Security|Medicare|State tax",
    ("withheld", "SG"): "Income tax|CPF|SHG fund",
    ("vat", "US"): "EIN|Federal Tax ID|Tax ID",
    ("vat", "SG"): "GST Reg No.|GST Reg. No|GST Registration No.",
    ("vat", "MY"): "SST No.|SST Reg No|GST ID|No. SST",
    ("vat", "AT"): "UID-Nr.|UID|ATU-Nr.",
    ("vat", "CH"): "MWST-Nr.|UID|MWST Nr.",
    ("registration", "GB"): "Registered in England No.|Company No",
    ("registration", "SG"): "Co. Reg. No.|UEN",
    ("registration", "AT"): "FN|Firmenbuch-Nr.",
}
ROWS = {**_ROWS, **MORE_ROWS}


def words(chance: random.Random, key: str, language: str, country: str = "") -> str:
    """One wording of the label."""
    return chance.choice(every(key, language, country))


def every(key: str, language: str, country: str = "") -> list[str]:
    """All wordings of the label, the country's own ones where it has any."""
    row = ROWS[key][LANGUAGES.index(language)]
    return _OF_COUNTRIES.get((key, country), row).split("|")
