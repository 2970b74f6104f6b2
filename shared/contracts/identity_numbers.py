"""Numbers that tell who a person or company is: one table, from which the form, its documentation and the tests come.

A number counts as the register that gave it writes it (`compact`), once its own check digits have proved it right. Whose it is, papers show.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from importlib import import_module
from types import ModuleType
from typing import Any

from stdnum.exceptions import ValidationError as WrongNumber

from shared.contracts import eori

KINDS: Mapping[str, tuple[str, frozenset[str]]] = {
    "registration": ("The company register's, or the business number", frozenset({"company"})),
    "vat": ("VAT or GST registration", frozenset({"company", "person"})),
    "tax": ("The taxpayer's", frozenset({"company", "person"})),
    "national_id": ("On the person's identity card", frozenset({"person"})),
    "eori": ("The economic operator's, from customs in the EU, Great Britain (GB) or Northern Ireland (XI)", frozenset({"company", "person"})),
    "lei": ("Legal Entity Identifier (ISO 17442)", frozenset({"company"})),
    "iban": ("Of a bank account in the holder's name (ISO 13616)", frozenset({"company", "person"})),
}
"""Type of number → what it is, and of whom it may be."""


@dataclass(frozen=True)
class Number:
    """One that `country` (ISO 3166-1 alpha-2; empty where the number itself tells it) gives; `checked_by` is python-stdnum's module for it, or ours.

    Where it has no `check_digits`, only its form is checked: length, characters, prefixes and dates.
    """

    type: str
    country: str
    label: str
    checked_by: str | ModuleType
    example: str
    check_digits: bool = True

    @cached_property
    def _module(self) -> Any:
        return import_module(f"stdnum.{self.checked_by}") if isinstance(self.checked_by, str) else self.checked_by

    def compact(self, value: str) -> str:
        """As it is kept, without what people write it with; a ValueError with a sentence, which does not repeat it, where it cannot be right."""
        try:
            return str(self._module.validate("".join(value.split())))
        except WrongNumber as error:
            raise ValueError(f"Is no {self.label}: {str(error)[0].lower()}{str(error)[1:]}") from error

    def birth_date(self, value: str) -> date | None:
        """The one that a number tells, where it tells any."""
        try:
            return getattr(self._module, "get_birth_date", lambda _value: None)(value)
        except WrongNumber:  # such as a company's, in a country where both have the same kind of number
            return None


# fmt: off
NUMBERS = (
    #      type            country  what it is called                        checked by           for example (made up, or published as one)
    Number("eori",         "",   "EORI number",                              eori,                "DE123456789012345", check_digits=False),
    Number("lei",          "",   "Legal Entity Identifier",                  "lei",               "213800KUD8LAJWSQ9D15"),
    Number("iban",         "",   "IBAN",                                     "iban",              "GR1601101050000010547023795"),

    Number("registration", "AU", "Australian Business Number",               "au.abn",            "83914571673"),
    Number("registration", "BR", "CNPJ",                                     "br.cnpj",           "16727230000197"),
    Number("registration", "CA", "Business Number",                          "ca.bn",             "123026635"),
    Number("registration", "CH", "UID",                                      "ch.uid",            "CHE100155212"),
    Number("registration", "CN", "Unified Social Credit Code",               "cn.uscc",           "91110000600037341L"),
    Number("registration", "FR", "SIREN",                                    "fr.siren",          "404833048"),
    Number("registration", "IL", "company number",                           "il.hp",             "516179157"),
    Number("registration", "JP", "Corporate Number",                         "jp.cn",             "5835678256246"),
    Number("registration", "KR", "Business Registration Number",             "kr.brn",            "1168200276", check_digits=False),
    Number("registration", "NO", "organisation number",                      "no.orgnr",          "988077917"),
    Number("registration", "SG", "Unique Entity Number",                     "sg.uen",            "00192200M"),
    Number("registration", "TH", "juristic person registration number",      "th.moa",            "0994000617721"),
    Number("registration", "TW", "Unified Business Number",                  "tw.ubn",            "00501503"),
    Number("registration", "UA", "EDRPOU",                                   "ua.edrpou",         "32855961"),

    Number("vat",          "AT", "UID",                                      "at.uid",            "U13585627"),
    Number("vat",          "BE", "VAT number",                               "be.vat",            "0428759497"),
    Number("vat",          "BG", "VAT number",                               "bg.vat",            "175074752"),
    Number("vat",          "CH", "VAT number",                               "ch.vat",            "CHE107787577IVA"),
    Number("vat",          "CY", "VAT number",                               "cy.vat",            "10259033P"),
    Number("vat",          "CZ", "DIČ",                                      "cz.dic",            "25123891"),
    Number("vat",          "DE", "USt-IdNr.",                                "de.vat",            "136695976"),
    Number("vat",          "DK", "CVR number",                               "dk.cvr",            "13585628"),
    Number("vat",          "EE", "KMKR number",                              "ee.kmkr",           "100594102"),
    Number("vat",          "ES", "NIF",                                      "es.nif",            "B64717838"),
    Number("vat",          "FI", "ALV number",                               "fi.alv",            "20774740"),
    Number("vat",          "FR", "n° TVA",                                   "fr.tva",            "23334175221"),
    Number("vat",          "GB", "VAT registration number",                  "gb.vat",            "980780684"),
    Number("vat",          "GR", "AFM",                                      "gr.vat",            "094259216"),
    Number("vat",          "HR", "OIB",                                      "hr.oib",            "33392005961"),
    Number("vat",          "HU", "ANUM",                                     "hu.anum",           "12892312"),
    Number("vat",          "IE", "VAT number",                               "ie.vat",            "6433435F"),
    Number("vat",          "IN", "GSTIN",                                    "in_.gstin",         "27AAPFU0939F1ZV"),
    Number("vat",          "IT", "partita IVA",                              "it.iva",            "00743110157"),
    Number("vat",          "LT", "PVM code",                                 "lt.pvm",            "119511515"),
    Number("vat",          "LU", "TVA number",                               "lu.tva",            "15027442"),
    Number("vat",          "LV", "PVN number",                               "lv.pvn",            "40003521600"),
    Number("vat",          "MT", "VAT number",                               "mt.vat",            "11679112"),
    Number("vat",          "NL", "btw-id",                                   "nl.btw",            "004495445B01"),
    Number("vat",          "NO", "MVA number",                               "no.mva",            "995525828MVA"),
    Number("vat",          "PL", "NIP",                                      "pl.nip",            "8567346215"),
    Number("vat",          "PT", "NIF",                                      "pt.nif",            "501964843"),
    Number("vat",          "RO", "CF",                                       "ro.cf",             "18547290"),
    Number("vat",          "SE", "VAT number",                               "se.vat",            "123456789701"),
    Number("vat",          "SI", "ID za DDV",                                "si.ddv",            "50223054"),
    Number("vat",          "SK", "IČ DPH",                                   "sk.dph",            "2022749619"),

    Number("tax",          "AR", "CUIT",                                     "ar.cuit",           "20055361682"),
    Number("tax",          "CL", "RUT",                                      "cl.rut",            "760864285"),
    Number("tax",          "CO", "NIT",                                      "co.nit",            "2131234321"),
    Number("tax",          "DE", "Steuer-Identifikationsnummer",             "de.idnr",           "36574261809"),
    Number("tax",          "EG", "tax registration number",                  "eg.tn",             "100531385", check_digits=False),
    Number("tax",          "ID", "NPWP",                                     "id.npwp",           "0013121660091000", check_digits=False),
    Number("tax",          "IN", "PAN",                                      "in_.pan",           "ACUPA7085R", check_digits=False),
    Number("tax",          "KE", "PIN",                                      "ke.pin",            "P051365947M", check_digits=False),
    Number("tax",          "MA", "ICE",                                      "ma.ice",            "001561191000066"),
    Number("tax",          "MX", "RFC",                                      "mx.rfc",            "GODE561231GR8", check_digits=False),
    Number("tax",          "NZ", "IRD number",                               "nz.ird",            "49091850"),
    Number("tax",          "PE", "RUC",                                      "pe.ruc",            "20512333797"),
    Number("tax",          "RS", "PIB",                                      "rs.pib",            "101134702"),
    Number("tax",          "TR", "VKN",                                      "tr.vkn",            "4540536920"),
    Number("tax",          "US", "Employer Identification Number",           "us.ein",            "911144442", check_digits=False),
    Number("tax",          "VN", "mã số thuế",                               "vn.mst",            "0100233488"),
    Number("tax",          "ZA", "income tax reference number",              "za.tin",            "0001339050"),

    Number("national_id",  "BR", "CPF",                                      "br.cpf",            "39053344705"),
    Number("national_id",  "CA", "Social Insurance Number",                  "ca.sin",            "123456782"),
    Number("national_id",  "CN", "resident identity number",                 "cn.ric",            "360426199101010071"),
    Number("national_id",  "ES", "DNI",                                      "es.dni",            "54362315K"),
    Number("national_id",  "ID", "NIK",                                      "id.nik",            "3171011708450001", check_digits=False),
    Number("national_id",  "IN", "Aadhaar number",                           "in_.aadhaar",       "234123412346"),
    Number("national_id",  "IT", "codice fiscale",                           "it.codicefiscale",  "RCCMNL83S18D969H"),
    Number("national_id",  "KR", "resident registration number",             "kr.rrn",            "9710139019902"),
    Number("national_id",  "MX", "CURP",                                     "mx.curp",           "BOXW310820HNERXN09"),
    Number("national_id",  "MY", "NRIC number",                              "my.nric",           "770305021234", check_digits=False),
    Number("national_id",  "NL", "BSN",                                      "nl.bsn",            "111222333"),
    Number("national_id",  "PK", "CNIC number",                              "pk.cnic",           "3420108912318", check_digits=False),
    Number("national_id",  "PL", "PESEL",                                    "pl.pesel",          "44051401359"),
    Number("national_id",  "RO", "CNP",                                      "ro.cnp",            "1630615123457"),
    Number("national_id",  "SE", "personnummer",                             "se.personnummer",   "880320-0016"),
    Number("national_id",  "TH", "PIN",                                      "th.pin",            "3100600445635"),
    Number("national_id",  "TR", "T.C. kimlik no.",                          "tr.tckimlik",       "17291716060"),
    Number("national_id",  "ZA", "ID number",                                "za.idnr",           "7503305044089"),
)
# fmt: on

BY_PLACE: Mapping[tuple[str, str], Number] = {(each.type, each.country): each for each in NUMBERS}
COUNTRIES = tuple(sorted({each.country for each in NUMBERS} - {""}))
TELLING = tuple(each.type for each in NUMBERS if not each.country)
"""Types whose number itself tells the country."""


def countries(type: str) -> tuple[str, ...]:
    """Those whose numbers of the type are known, sorted; empty where the number itself tells."""
    return tuple(sorted(each.country for each in NUMBERS if each.type == type and each.country))


def mask(value: str) -> str:
    """As it is shown to whom it is not to be given away: its last four characters, or none where that would be half of it."""
    return "•" * 4 + (value[-4:] if len(value) > 8 else "")
