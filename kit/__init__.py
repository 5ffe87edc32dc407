"""esms-kit: infrastructure-as-code for the IT equipment of French medico-social establishments."""

from typing import Final

__version__: Final = "0.1.0"
