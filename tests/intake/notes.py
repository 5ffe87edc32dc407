"""Twenty-odd delivery notes as resellers send them, and what must come of each.

``CSV`` notes are texts; ``BOOKS`` fill a spreadsheet. What is expected is one text per device:
``profile serial-or-IMEI``, in the order of names.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

M70Q = "desktop/lenovo-thinkcentre-m70q"
M70Q4 = "desktop/lenovo-thinkcentre-m70q-gen4"
E14 = "laptop/lenovo-thinkpad-e14-gen5"
A9P = "tablet/samsung-galaxy-tab-a9-plus"
IPAD9 = "tablet/apple-ipad-9"
OMNIKEY = "reader/hid-omnikey-3121"
SWITCH = "switch/aruba-6100-24g-poe"
FORTI = "firewall/fortinet-fortigate-60f"

CSV: dict[str, tuple[bytes, list[str]]] = {
    "plain_french_semicolons": (
        "Désignation;Qté;N° de série\nThinkCentre M70q Gen 4;1;PF4A0001\n".encode(),
        [f"{M70Q4} PF4A0001"],
    ),
    "windows_1252_with_nbsp_and_trailing_spaces": (
        "Modèle ;Quantité ; N° de Série \r\nThinkCentre\u00a0M70q\u00a0Gen\u00a04  ;\u00a02\u00a0;"
        "PF4A0001, PF4A0002  \r\n".encode("cp1252"),
        [f"{M70Q4} PF4A0001", f"{M70Q4} PF4A0002"],
    ),
    "utf8_with_bom_and_commas": (
        "\ufeffProduct,Qty,Serial Number\nLenovo ThinkPad E14 Gen 5,1,PF5B0001\n".encode(),
        [f"{E14} PF5B0001"],
    ),
    "tabs_from_an_erp": (
        b"REF ART\tLIBELLE\tQTE LIVREE\tNUM SERIE\n1\tTHINKPAD E14 GEN5 W11P\t1\tPF5B0001\n",
        [f"{E14} PF5B0001"],
    ),
    "title_lines_above_the_table": (
        "INFO SERVICES EXEMPLE SAS;;;\n12 rue des Essais;;;\nBon de livraison n° BL-2026-0412 du "
        "12/10/2026;;;\nVotre commande : CMD-77;;;\n;;;\nDésignation;Réf. fabricant;Qté;N° série\n"
        "Switch Aruba 24 ports;JL677A;1;SG12KX0001\n".encode(),
        [f"{SWITCH} SG12KX0001"],
    ),
    "twelve_without_serials": (
        "Désignation;Qté\nThinkCentre M70q;12\n".encode(),
        [M70Q] * 12,
    ),
    "quantity_written_before_the_model": (
        "Désignation;N° de série\n3 x ThinkCentre M70q;\n".encode(),
        [M70Q] * 3,
    ),
    "units_in_the_quantity": (
        "Modèle;Qté\nThinkCentre M70q;2 pcs\nThinkPad E14 Gen 5;x3\niPad 9e génération;1,00 U\n"
        .encode(),
        [M70Q, M70Q, E14, E14, E14, IPAD9],
    ),
    "one_row_per_device": (
        "Modèle;Qté;S/N\n".encode()
        + b"".join(b"ThinkCentre M70q Gen 4;1;PF4A%04d\n" % rank for rank in range(5)),
        [f"{M70Q4} PF4A{rank:04d}" for rank in range(5)],
    ),
    "serial_list_in_one_cell_with_labels": (
        'Désignation;Qté;N° de série\nThinkCentre M70q Gen 4;3;"S/N: PF4A0001 ; S/N: PF4A0002\n'
        'SN PF4A0003"\n'.encode(),
        [f"{M70Q4} PF4A000{rank}" for rank in (1, 2, 3)],
    ),
    "serials_on_rows_below": (
        "Désignation;Qté;N° de série\nThinkCentre M70q Gen 4;3;PF4A0001\n;;PF4A0002\n;;PF4A0003\n"
        "ThinkPad E14 Gen 5;1;PF5B0001\n".encode(),
        [f"{M70Q4} PF4A000{rank}" for rank in (1, 2, 3)] + [f"{E14} PF5B0001"],
    ),
    "totals_and_accessories": (
        "Désignation;Qté;PU HT\nThinkCentre M70q;4;450,00\nÉcran AOC 24 pouces;4;90,00\n"
        "Sous-total;8;\nEco-participation;8;0,10\nTotal;16;\nTotal TTC;;2 592,96 €\n"
        "Merci de votre confiance\n".encode(),
        [M70Q] * 4,
    ),
    "ordered_and_delivered_columns": (
        "Désignation;Qté commandée;Qté livrée;Reliquat\nThinkCentre M70q;3;2;1\n"
        "ThinkPad E14 Gen 5;1;0;1\n".encode(),
        [M70Q, M70Q],
    ),
    "tablets_by_imei": (
        "Modèle;Qté;IMEI 1;IMEI 2\nGalaxy Tab A9+ 5G;1;490154203237518;352099001761481\n"
        "Galaxy Tab A9+ 5G;1;35-209900-176148-1;\n".encode(),
        [f"{A9P} 490154203237518", f"{A9P} 352099001761481"],
    ),
    "imei_in_the_serial_column": (
        "Désignation;Qté;N° de série\nSamsung Galaxy Tab A9+;1;490154203237518\n".encode(),
        [f"{A9P} 490154203237518"],
    ),
    "macs_in_many_spellings": (
        "Modèle;Qté;Adresse MAC\nThinkCentre M70q;1;00-1A-2B-3C-4D-5E\n"
        "ThinkCentre M70q;1;001A.2B3C.4D5F\nThinkCentre M70q;2;001A2B3C4D60 / 001A2B3C4D61\n"
        .encode(),
        [M70Q] * 4,
    ),
    "serials_not_given_in_words": (
        "Modèle;Qté;N° de série;MAC\nThinkCentre M70q;2;à venir;N/A\nThinkPad E14 Gen 5;1;-;\n"
        .encode(),
        [M70Q, M70Q, E14],
    ),
    "lots_of_a_public_market": (
        "Désignation;Qté\nLot 1 : postes de travail;\nThinkCentre M70q;1\nLot n° 2 - Tablettes;\n"
        "Galaxy Tab A9+;1\nThinkCentre M70q;1\n".encode(),
        [M70Q, M70Q, A9P],
    ),
    "description_lines_under_articles": (
        "Désignation;Qté;N° de série\nLenovo ThinkCentre M70q Gen 4;1;PF4A0001\n"
        "Processeur Intel Core i5, 16 Go, 512 Go SSD;;\nWindows 11 Pro préinstallé;;\n".encode(),
        [f"{M70Q4} PF4A0001"],
    ),
    "a_column_of_names_is_not_kept": (
        "Modèle;Qté;N° de série;Utilisateur\nThinkPad E14 Gen 5;1;PF5B0001;Mme EXEMPLE\n".encode(),
        [f"{E14} PF5B0001"],
    ),
    "two_pages_with_repeated_headings": (
        "Modèle;Qté\nThinkCentre M70q;1\nPage 1/2\n\nBL suite\nModèle;Qté\nThinkPad E14 Gen 5;1\n"
        "Page 2/2\n".encode(),
        [M70Q, E14],
    ),
    "network_gear_readers_and_keys": (
        "Désignation;Part number;Qté;N° de série\nPare-feu;FG-60F;1;FGT60FTK0001\nSwitch;JL677A;1;"
        "SG12KX0001\nLecteur HID Omnikey 3121;;10;\nClé Yubico YubiKey 5 NFC;;2;\n".encode(),
        [
            "security_key/yubico-yubikey-5-nfc", "security_key/yubico-yubikey-5-nfc",
            f"{FORTI} FGT60FTK0001", *[OMNIKEY] * 10, f"{SWITCH} SG12KX0001",
        ],
    ),
}  # fmt: skip


def merged(sheet: Worksheet, _book: Workbook) -> None:
    sheet["A1"] = "BON DE LIVRAISON N° 2026/118"
    sheet.merge_cells("A1:D1")
    for column, text in enumerate(["Désignation", "Qté", "N° de série", "Date de livraison"], 1):
        sheet.cell(3, column, text)
    sheet["A4"], sheet["B4"] = "Lenovo ThinkCentre M70q Gen 4", 3
    sheet.merge_cells("A4:A6")
    sheet.merge_cells("B4:B6")
    for row in (4, 5, 6):
        sheet.cell(row, 3, f"PF4A000{row - 3}")
    sheet["A7"], sheet["B7"], sheet["C7"] = "ThinkPad E14 Gen 5", 1, "PF5B0001"


def merged_model_counted_rows(sheet: Worksheet, _book: Workbook) -> None:
    sheet.append(["Modèle", "Qté", "N° de série"])
    sheet.append(["ThinkCentre M70q Gen 4", 1, "PF4A0001"])
    sheet.append([None, 1, "PF4A0002"])
    sheet.merge_cells("A2:A3")


def two_tables_and_two_sheets(sheet: Worksheet, book: Workbook) -> None:
    sheet.append(["Postes"])
    sheet.append(["Modèle", "Qté", "N° de série"])
    sheet.append(["ThinkCentre M70q Gen 4", 1, "PF4A0001"])
    sheet.append([])
    sheet.append(["Tablettes"])
    sheet.append(["Désignation", "IMEI", "Qté"])
    sheet.append(["Galaxy Tab A9+", 490154203237518, 1])
    other = book.create_sheet("Réseau")
    other.append(["Item description", "Qty delivered", "Serial No"])
    other.append(["FortiGate-60F", "1 unit", "FGT60FTK0001"])
    book.create_sheet("Conditions").append(["Conditions générales de vente"])


BOOKS: dict[str, tuple[Callable[[Worksheet, Workbook], None], list[str]]] = {
    "merged_cells": (
        merged, [f"{M70Q4} PF4A000{rank}" for rank in (1, 2, 3)] + [f"{E14} PF5B0001"],
    ),
    "merged_model_counted_rows": (
        merged_model_counted_rows, [f"{M70Q4} PF4A0001", f"{M70Q4} PF4A0002"],
    ),
    "two_tables_and_two_sheets": (
        two_tables_and_two_sheets,
        [f"{FORTI} FGT60FTK0001", f"{M70Q4} PF4A0001", f"{A9P} 490154203237518"],
    ),
}  # fmt: skip


def book(fill: Callable[[Worksheet, Workbook], None]) -> bytes:
    """An XLSX file."""
    workbook = Workbook()
    sheet = workbook.active
    assert isinstance(sheet, Worksheet)
    fill(sheet, workbook)
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()


def ods(rows: list[list[str]]) -> bytes:
    """An ODS file of one sheet."""
    names = (
        'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"'
    )
    body = "".join(
        "<table:table-row>"
        + "".join(f"<table:table-cell><text:p>{cell}</text:p></table:table-cell>" for cell in row)
        + "</table:table-row>"
        for row in rows
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(
            "content.xml",
            f"<office:document-content {names}><office:body><office:spreadsheet>"
            f'<table:table table:name="BL">{body}</table:table>'
            "</office:spreadsheet></office:body></office:document-content>",
        )
    return out.getvalue()


ODS = (
    ods([["Désignation", "Qté", "N° de série"], ["ThinkPad E14 Gen 5", "1 pce", "PF5B0001"]]),
    [f"{E14} PF5B0001"],
)

# Refused: content, and what the reason must say, with the row it stands on.
REFUSED: dict[str, tuple[bytes, str, int]] = {
    "no_headings": (b"ThinkCentre M70q;1;PF4A0001\n", "no table was found", 1),
    "no_model_column": ("Qté;N° de série\n1;PF4A0001\n".encode(), "no column for the model", 1),
    "unknown_model": ("Modèle;Qté\nThinkCenter M71q;1\n".encode(), "not known", 2),
    "ambiguous_model": ("Modèle;Réf. constructeur;Qté\niPad 9e gén.;JL677A;1\n".encode(),
                        "several models", 2),
    "zero": ("Modèle;Qté\nThinkCentre M70q;0\n".encode(), "between 1 and", 2),
    "negative": ("Modèle;Qté\nThinkCentre M70q;-2\n".encode(), "not a quantity", 2),
    "half": ("Modèle;Qté\nThinkCentre M70q;1,5\n".encode(), "whole number", 2),
    "too_many": ("Modèle;Qté\nThinkCentre M70q;100000\n".encode(), "between 1 and", 2),
    "packs": ("Modèle;Qté\nThinkCentre M70q;2 cartons\n".encode(), "packs", 2),
    "junk_serial": ("Modèle;Qté;SN\nThinkCentre M70q;1;Default string\n".encode(), "filler", 2),
    "zeros_serial": ("Modèle;Qté;SN\nThinkCentre M70q;1;00000000\n".encode(), "filler", 2),
    "words_serial": ("Modèle;Qté;SN\nThinkCentre M70q;1;voir carton\n".encode(),
                     "not a serial", 2),
    "rounded_serial": ("Modèle;Qté;SN\nGalaxy Tab A9+;1;4,90154E+14\n".encode(), "rounded", 2),
    "range_of_serials": ("Modèle;Qté;SN\nThinkCentre M70q;9;PF4A0001 à PF4A0009\n".encode(),
                         "range", 2),
    "same_serial_twice": ("Modèle;Qté;SN\nThinkCentre M70q;1;PF4A0001\nThinkPad E14 Gen 5;1;"
                          "pf4a0001\n".encode(), "stands already", 3),
    "same_serial_in_one_cell": ("Modèle;Qté;SN\nThinkCentre M70q;2;PF4A0001 PF4A0001\n".encode(),
                                "stands already", 2),
    "more_serials_than_devices": ("Modèle;Qté;SN\nThinkCentre M70q;1;PF4A0001,PF4A0002\n".encode(),
                                  "2 numbers for 1", 2),
    "bad_mac": ("Modèle;Qté;MAC\nThinkCentre M70q;1;00:1A:2B:3C:4D\n".encode(), "not the MAC", 2),
    "multicast_mac": ("Modèle;Qté;MAC\nThinkCentre M70q;1;01:00:5E:00:00:01\n".encode(),
                      "not the MAC", 2),
    "bad_imei": ("Modèle;Qté;IMEI\nGalaxy Tab A9+;1;490154203237519\n".encode(), "not an IMEI", 2),
    "a_nir_as_serial": ("Modèle;Qté;SN\nThinkCentre M70q;1;2 55 08 14 168 025 38\n".encode(),
                        "social security", 2),
    "a_nir_in_the_designation": ("Désignation;Qté\nThinkCentre M70q 255081416802538;1\n".encode(),
                                 "social security", 2),
    "bad_date": ("Modèle;Qté;Date d'achat\nThinkCentre M70q;1;31/02/2026\n".encode(),
                 "not a date", 2),
    "future_date": ("Modèle;Qté;Date d'achat\nThinkCentre M70q;1;01/01/2031\n".encode(),
                    "future", 2),
    "wrong_total": ("Modèle;Qté\nThinkCentre M70q;2\nTotal;3\n".encode(), "total says 3", 3),
    "linux_on_a_tablet": ("Modèle;Qté;OS\nGalaxy Tab A9+;1;Debian 12\n".encode(),
                          "does not run", 2),
    "unknown_post_role": ("Modèle;Qté;Usage\nThinkCentre M70q;1;machin\n".encode(),
                          "post role", 2),
    "unknown_zone": ("Modèle;Qté;Zone\nThinkCentre M70q;1;lune\n".encode(), "no zone", 2),
    "orphan_serial": ("Modèle;Qté;SN\n;;PF4A0001\n".encode(), "no article stands above", 2),
    "quantity_without_model": ("Modèle;Qté\n;3\n".encode(), "quantity and no model", 2),
    "a_model_not_given": ("Modèle;Qté\nN/A;3\n".encode(), "names no model", 2),
    "two_faults_in_a_row": ("Modèle;Qté\nThinkCenter M71q;0\n".encode(), "between 1 and", 2),
    "two_quantities": ("Désignation;Qté\n3 x ThinkCentre M70q;4\n".encode(), "says 3 x", 2),
    "control_characters": ("Désignation;Qté\nThinkCentre M70q \x07;1\n".encode(),
                           "control characters", 2),
}  # fmt: skip
