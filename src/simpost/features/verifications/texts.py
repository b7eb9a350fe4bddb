"""The text of a one-time code, by language, with the code first."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

import langcodes
import msgspec

from simpost.text import spell

ENGLISH: Final = "en"
MAX_DISTANCE: Final = 10
"""How far a language may be from the requested one; else the text is in English."""

# What the code is, and advice that is left out where it would need another part. Words are chosen
# so that a language in Latin script needs no letter outside the GSM 7 bit default alphabet.
_SENTENCES: Final[Mapping[str, tuple[str, str]]] = {
    "ar": ("{code} هو رمز التحقق الخاص بك.", "لا تشاركه مع أحد."),
    "de": ("{code} ist dein Bestätigungscode.", "Gib ihn nicht weiter."),
    "en": ("{code} is your verification code.", "Do not share it."),
    "es": ("{code} es tu clave de un solo uso.", "No la compartas."),
    "fr": ("{code} est votre code de vérification.", "Ne le partagez pas."),
    "it": ("{code} è il tuo codice di verifica.", "Non condividerlo."),
    "ja": ("{code} は認証コードです。", "他の人に教えないでください。"),
    "nl": ("{code} is je verificatiecode.", "Deel hem met niemand."),
    "pl": ("{code} to kod weryfikacyjny.", "Nie podawaj go nikomu."),
    "pt": ("{code} é a sua senha.", "Mantenha-a em segredo."),
    "tr": ("{code} onay kodunuz.", "Kimseye vermeyin."),
    "zh": ("{code} 是您的验证码。", "请勿告诉他人。"),
}
_CODE: Final = "{code}"
LANGUAGES: Final = tuple(sorted(_SENTENCES))


class Ending(msgspec.Struct, frozen=True):
    """What the last line of the text has, for the software that reads the code.

    Attributes:
        host: the code is for this website: `@host #code` (WICG, origin-bound one-time codes).
        app_hash: the hash of an Android app, by the SMS Retriever API: eleven characters.
    """

    host: str = ""
    app_hash: str = ""

    def line(self, code: str) -> str:
        """The last line; empty without one."""
        if self.host:
            return f"@{self.host} #{code}"
        return self.app_hash


NO_ENDING: Final = Ending()


def code_text(code: str, language: str = "", ending: Ending = NO_ENDING) -> str:
    """The text that carries a code, in the best language for a BCP 47 tag, in one part."""
    return _pattern(len(code), _best_language(language), ending).replace(_CODE, code)


@lru_cache(maxsize=256)
def _pattern(digits: int, language: str, ending: Ending) -> str:
    """The text of all codes of this length, with `_CODE` in their place."""
    sentence, advice = _SENTENCES[language]
    space = "" if sentence.endswith("。") else " "
    line = ending.line(_CODE)
    text = _joined(f"{sentence}{space}{advice}", line)
    is_one_part = _is_one_part(text.replace(_CODE, "0" * digits))
    return text if is_one_part else _joined(sentence, line)


def _joined(text: str, line: str) -> str:
    return f"{text}\n\n{line}" if line else text


def _is_one_part(text: str) -> bool:
    return len(spell(text, look_alikes=False).segments.parts) == 1


@lru_cache(maxsize=256)
def _best_language(wanted: str) -> str:
    if not wanted:
        return ENGLISH
    found, _ = langcodes.closest_match(wanted, LANGUAGES, max_distance=MAX_DISTANCE)
    return found if found in _SENTENCES else ENGLISH
