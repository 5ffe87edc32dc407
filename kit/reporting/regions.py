"""Names of the French regions, by the word a site file writes them with. Source: INSEE, 2016."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

REGIONS: Final[Mapping[str, str]] = {
    "auvergne-rhone-alpes": "Auvergne-Rhône-Alpes",
    "bourgogne-franche-comte": "Bourgogne-Franche-Comté",
    "bretagne": "Bretagne",
    "centre-val-de-loire": "Centre-Val de Loire",
    "corse": "Corse",
    "grand-est": "Grand Est",
    "guadeloupe": "Guadeloupe",
    "guyane": "Guyane",
    "hauts-de-france": "Hauts-de-France",
    "ile-de-france": "Île-de-France",
    "la-reunion": "La Réunion",
    "martinique": "Martinique",
    "mayotte": "Mayotte",
    "normandie": "Normandie",
    "nouvelle-aquitaine": "Nouvelle-Aquitaine",
    "occitanie": "Occitanie",
    "pays-de-la-loire": "Pays de la Loire",
    "provence-alpes-cote-d-azur": "Provence-Alpes-Côte d’Azur",
}


def region_name(written: str) -> str:
    """The region as it is printed; a word that is not in the list is shown as written."""
    return REGIONS.get(written.replace("_", "-").lower(), written)
