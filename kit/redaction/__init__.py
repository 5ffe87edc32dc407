"""What must not leave: secrets, social-security numbers, codes, and terminal control.

Every sink (log, event, report, exception, screen) passes its text through one ``Redactor``.
"""

from kit.redaction.plain import plain_text
from kit.redaction.redactor import MASK, Redactor

__all__ = ["MASK", "Redactor", "plain_text"]
