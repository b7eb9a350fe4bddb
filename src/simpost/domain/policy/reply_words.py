"""Words that a traveller texts to change what they get: the list by language, with its sources.

The words were read in November 2026 (`CHECKED_ON`). A language without a source is a proposal
that no native speaker has checked: it acts only where the settings name it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

CHECKED_ON: Final = "2026-11"


class Action(StrEnum):
    """What a word asks for."""

    STOP = "stop"
    START = "start"
    HELP = "help"


class LanguageWords(msgspec.Struct, frozen=True):
    """The words of one language.

    Attributes:
        language: BCP 47 tag.
        source: where the words are documented; empty for a proposal.
        ambiguous: stop words that are also usual in a request about a plan: "when does it end?"
    """

    language: str
    source: str
    stop: tuple[str, ...]
    start: tuple[str, ...] = ()
    help: tuple[str, ...] = ()
    ambiguous: tuple[str, ...] = ()


LANGUAGES: Final = (
    LanguageWords(
        "en",
        "AWS required list, Braze, Sinch, 47 CFR 64.1200, Twilio, Telnyx",
        stop=("STOP", "STOPALL", "STOP ALL", "UNSUBSCRIBE", "OPTOUT", "OPT-OUT"),
        ambiguous=("CANCEL", "END", "QUIT", "REVOKE", "REMOVE"),
        start=("START", "UNSTOP"),
        help=("HELP", "INFO"),
    ),
    LanguageWords("fr", "AWS list, AWS RCS Canada", stop=("ARRÊT", "STOP"), help=("AIDE", "INFO")),
    LanguageWords(
        "es",
        "Boston-Medical-Group/BMGTwilioFlex",
        stop=("BAJA", "DARME DE BAJA", "STOP", "DETENER PROMOCIONES"),
        start=("ALTA", "START"),
    ),
    LanguageWords("de", "", stop=("STOPP", "ABMELDEN")),
    LanguageWords("pt", "", stop=("PARAR",), ambiguous=("SAIR", "CANCELAR")),
    LanguageWords("it", "", stop=("CANCELLAMI",), ambiguous=("ANNULLA",)),
    LanguageWords("nl", "", stop=("AFMELDEN",)),
    LanguageWords("sv", "", stop=("SLUTA",), ambiguous=("AVBRYT",)),
    LanguageWords("pl", "", stop=("REZYGNUJE",)),
    LanguageWords("tr", "", stop=("RED",), ambiguous=("IPTAL",)),
    LanguageWords("id", "", stop=("BERHENTI",)),
    LanguageWords("th", "", stop=(), ambiguous=("ยกเลิก",)),
    LanguageWords("ja", "", stop=("停止", "配信停止")),
    LanguageWords("ko", "", stop=("수신거부",)),
    LanguageWords("ru", "", stop=("СТОП", "ОТПИСАТЬСЯ")),
    LanguageWords("ar", "", stop=("إيقاف",), ambiguous=("الغاء",)),
    LanguageWords("zh", "", stop=("TD", "退订")),
)
"""YES rejoins only as an answer to a question of ours, so it is in no list."""

ALWAYS: Final = "STOP"
"""Acts whatever the settings say."""

POLITE_TAILS: Final = (
    *("please", "pls", "plz", "thanks", "thank you", "thx", "now"),
    *("svp", "s il vous plait", "merci"),
    *("por favor", "gracias"),
)
"""Words at the end that change nothing, as `normalize_reply` writes them."""
