"""The kinds of documents told apart: one literal table, a row a type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DocumentType:
    """A kind of document: how it is headed in each language, and what words it goes by.

    ``titles`` are its headings by ISO 639-1 language. ``words`` are labels and phrases that are
    usual in it and seldom elsewhere, in any language; both are compared as labels are
    (``labels.squeezed``).
    """

    name: str
    label: str
    titles: Mapping[str, tuple[str, ...]]
    words: tuple[str, ...] = ()


# fmt: off
DOCUMENT_TYPES: tuple[DocumentType, ...] = (
    DocumentType("invoice", "Invoice", {
        "en": ("invoice", "tax invoice", "VAT invoice"), "de": ("Rechnung",), "fr": ("facture",),
        "es": ("factura",), "it": ("fattura",), "nl": ("factuur",),
        "pl": ("faktura", "faktura VAT"), "ms": ("invois", "invois cukai"),
    }),
    DocumentType("receipt", "Receipt", {
        "en": ("receipt", "cash receipt", "sales receipt", "cash bill"),
        "de": ("Quittung", "Kassenbon", "Kassenbeleg"), "fr": ("ticket de caisse", "reçu"),
        "es": ("recibo", "factura simplificada"), "it": ("scontrino", "documento commerciale"),
        "nl": ("kassabon", "bon"), "pl": ("paragon fiskalny", "paragon"), "ms": ("resit",),
    }),
    DocumentType("bank_statement", "Bank statement", {
        "en": ("bank statement", "account statement", "statement of account"),
        "de": ("Kontoauszug",), "fr": ("relevé de compte", "extrait de compte"),
        "es": ("extracto de cuenta", "extracto bancario"), "it": ("estratto conto",),
        "nl": ("rekeningafschrift", "bankafschrift"),
        "pl": ("wyciąg bankowy", "wyciąg z rachunku"), "ms": ("penyata akaun", "penyata bank"),
    }),
    DocumentType("id_card", "Identity card", {
        "en": ("identity card", "national identity card"), "de": ("Personalausweis",),
        "fr": ("carte nationale d'identité", "carte d'identité"),
        "es": ("documento nacional de identidad",), "it": ("carta d'identità",),
        "nl": ("identiteitskaart",), "pl": ("dowód osobisty",), "ms": ("kad pengenalan", "MyKad"),
    }),
    DocumentType("passport", "Passport", {
        "en": ("passport",), "de": ("Reisepass",), "fr": ("passeport",), "es": ("pasaporte",),
        "it": ("passaporto",), "nl": ("paspoort",), "pl": ("paszport",), "ms": ("pasport",),
    }),
    DocumentType("payslip", "Payslip", {
        "en": ("payslip", "pay slip", "salary slip", "pay stub"),
        "de": ("Gehaltsabrechnung", "Lohnabrechnung", "Entgeltabrechnung"),
        "fr": ("bulletin de paie", "bulletin de salaire"), "es": ("nómina", "recibo de salarios"),
        "it": ("busta paga", "cedolino paga"), "nl": ("loonstrook", "salarisstrook"),
        "pl": ("pasek wynagrodzeń", "lista płac"), "ms": ("slip gaji", "penyata gaji"),
    }),
    DocumentType("bill_of_lading", "Bill of lading", {
        "en": ("bill of lading", "sea waybill"), "de": ("Konnossement",), "fr": ("connaissement",),
        "es": ("conocimiento de embarque",), "it": ("polizza di carico",),
        "nl": ("cognossement",), "pl": ("konosament",), "ms": ("bil muatan",),
    }),
    DocumentType("purchase_order", "Purchase order", {
        "en": ("purchase order",), "de": ("Bestellung",), "fr": ("bon de commande",),
        "es": ("orden de compra", "pedido"), "it": ("ordine d'acquisto", "ordine di acquisto"),
        "nl": ("inkooporder", "bestelbon"), "pl": ("zamówienie",), "ms": ("pesanan belian",),
    }),
    DocumentType("delivery_note", "Delivery note", {
        "en": ("delivery note", "delivery order", "packing slip"), "de": ("Lieferschein",),
        "fr": ("bon de livraison",), "es": ("albarán", "nota de entrega"),
        "it": ("documento di trasporto", "bolla di consegna"), "nl": ("pakbon", "leverbon"),
        "pl": ("dowód dostawy", "wydanie zewnętrzne"), "ms": ("nota penghantaran",),
    }),
    DocumentType("utility_bill", "Utility bill", {
        "en": ("electricity bill", "gas bill", "water bill", "energy bill"),
        "de": ("Stromrechnung", "Gasrechnung", "Wasserrechnung"),
        "fr": ("facture d'électricité", "facture de gaz", "facture d'eau"),
        "es": ("factura de electricidad", "factura de gas", "factura de agua"),
        "it": ("bolletta", "bolletta luce", "bolletta gas"),
        "nl": ("energienota", "energierekening"),
        "pl": ("faktura za energię", "faktura za gaz"), "ms": ("bil elektrik", "bil air"),
    }),
    DocumentType("contract", "Contract", {
        "en": ("contract", "agreement"), "de": ("Vertrag",), "fr": ("contrat",),
        "es": ("contrato",), "it": ("contratto",), "nl": ("overeenkomst", "contract"),
        "pl": ("umowa",), "ms": ("perjanjian", "kontrak"),
    }),
    DocumentType("medical", "Medical document", {
        "en": ("medical report", "discharge summary", "laboratory report"),
        "de": ("Arztbrief", "Entlassbrief", "Befund"), "fr": ("compte rendu médical",),
        "es": ("informe médico", "informe de alta"), "it": ("referto medico",),
        "nl": ("medisch verslag", "ontslagbrief"), "pl": ("karta informacyjna", "wynik badania"),
        "ms": ("laporan perubatan",),
    }),
    DocumentType("letter", "Letter", {
        "en": ("letter",), "de": ("Brief",), "fr": ("lettre",), "es": ("carta",),
        "it": ("lettera",), "nl": ("brief",), "pl": ("pismo",), "ms": ("surat",),
    }),
    DocumentType("form", "Form", {
        "en": ("form", "application form"), "de": ("Formular", "Antrag"), "fr": ("formulaire",),
        "es": ("formulario", "solicitud"), "it": ("modulo",), "nl": ("formulier",),
        "pl": ("formularz", "wniosek"), "ms": ("borang",),
    }),
)
# fmt: on
