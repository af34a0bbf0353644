"""A medicinal product as coded: what was sent, and the French codes wherever they stand."""

from collections.abc import Iterator, Sequence
from typing import Any

from lxml import etree

from jobs.standardise.shared_record.elements import CIP13, CODE, Code, Coded, code_of, coded, system_of
from jobs.standardise.shared_record.oids import ATC, CIP, CIS, HL7, path

MATERIAL = path("manufacturedProduct", "manufacturedMaterial")
OTHER_MATERIAL = path("manufacturedProduct", "manufacturedLabeledDrug")
NAME = HL7 + "name"
CODES = ("code", "translation")
INGREDIENT = "ingredient"  # its class is not the product's


def read_product(consumable: etree._Element | None) -> tuple[dict[str, Any], Code]:
    """Fields of PRODUCT, and the product's code. ``pharm`` extensions hold codes of boxes and classes, at any depth."""
    if consumable is None:
        return {}, coded(None)
    material = consumable.find(MATERIAL)
    if material is None:
        material = consumable.find(OTHER_MATERIAL)
    if material is None:
        return {}, coded(None)
    code = coded(material.find(CODE))
    pairs = list(code.pairs)
    told = code.told
    for child in material:
        if not child.tag.startswith(HL7):
            pairs += extension_codes(child)
        elif child.tag == NAME and (child.text or "").strip():
            told = True
    return product_codes(pairs), code._replace(pairs=pairs, told=told or bool(pairs))


def product_codes(pairs: Sequence[Coded]) -> dict[str, str | None]:
    """Fields of PRODUCT out of (code, OID) pairs: what was sent first, and the French codes wherever they stand."""
    first = pairs[0] if pairs else (None, None)
    return {
        "product_code": first[0],
        "product_system": first[1],
        "cis": next((value for value, system in pairs if system == CIS), None),
        "cip13": next((value for value, system in pairs if value and system in CIP and CIP13.fullmatch(value)), None),
        "atc": next((value for value, system in pairs if system == ATC), None),
    }


def extension_codes(element: etree._Element) -> Iterator[tuple[str | None, str | None]]:
    """Codes below an extension element, but those of its ingredients."""
    name = element.tag.rpartition("}")[2]
    if INGREDIENT in name.lower():
        return
    if name in CODES and code_of(element):
        yield code_of(element), system_of(element)
    for child in element:
        yield from extension_codes(child)
