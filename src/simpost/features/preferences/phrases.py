"""What we say to travellers about their preferences, by language.

`{name}` is the name of the account. Texts without it are for accounts without a name.
"""

from __future__ import annotations

from typing import Final

import msgspec

from simpost.domain.policy.reply_words import Action


class Phrases(msgspec.Struct, frozen=True):
    """The sentences of one language.

    Attributes:
        stopped, started, help: answers to a text, at most 160 characters of GSM 7 bit or 70 others.
    """

    stopped: str
    started: str
    help: str

    def answer(self, action: Action, name: str) -> str:
        """The answer to a word; with the name of the account in front, if it has one."""
        text = {
            Action.STOP: self.stopped,
            Action.START: self.started,
            Action.HELP: self.help,
        }[action]
        return f"{name}: {text}" if name else text


ENGLISH: Final = "en"
PHRASES: Final = {
    ENGLISH: Phrases(
        "You get no more offers and notices. Codes and service messages still come. "
        "Text START to get them again.",
        "You get offers and notices again. Text STOP to end them.",
        "Text STOP to get no more offers and notices, START to get them again.",
    ),
    "de": Phrases(
        "Sie erhalten keine Angebote und Hinweise mehr. Codes und Servicenachrichten kommen "
        "weiterhin. START schaltet sie wieder ein.",
        "Sie erhalten wieder Angebote und Hinweise. STOP beendet sie.",
        "STOP beendet Angebote und Hinweise, START schaltet sie wieder ein.",
    ),
    "es": Phrases(
        "Ya no recibirá ofertas ni avisos. Los códigos y mensajes de servicio continúan. "
        "Envíe START para recibirlos de nuevo.",
        "Recibirá de nuevo ofertas y avisos. Envíe STOP para dejar de recibirlos.",
        "Envíe STOP para no recibir ofertas ni avisos, START para recibirlos de nuevo.",
    ),
    "fr": Phrases(
        "Vous ne recevrez plus d'offres ni d'avis. Les codes et messages de service continuent. "
        "Envoyez START pour les recevoir.",
        "Vous recevrez de nouveau les offres et avis. Envoyez STOP pour les arrêter.",
        "Envoyez STOP pour ne plus recevoir d'offres ni d'avis, START pour les recevoir.",
    ),
    "it": Phrases(
        "Non riceverà più offerte e avvisi. Codici e messaggi di servizio continuano. "
        "Invii START per riceverli di nuovo.",
        "Riceverà di nuovo offerte e avvisi. Invii STOP per non riceverli più.",
        "Invii STOP per non ricevere offerte e avvisi, START per riceverli di nuovo.",
    ),
    "pt": Phrases(
        "Não receberá mais ofertas nem avisos. Códigos e mensagens de serviço continuam. "
        "Envie START para os receber de novo.",
        "Receberá de novo ofertas e avisos. Envie STOP para deixar de os receber.",
        "Envie STOP para não receber ofertas nem avisos, START para os receber de novo.",
    ),
    "nl": Phrases(
        "U krijgt geen aanbiedingen en meldingen meer. Codes en serviceberichten komen nog wel. "
        "Stuur START om ze weer te krijgen.",
        "U krijgt weer aanbiedingen en meldingen. Stuur STOP om ze te stoppen.",
        "Stuur STOP voor geen aanbiedingen en meldingen meer, START om ze weer te krijgen.",
    ),
}


def choose_language(*wanted: str) -> str:
    """The first of some BCP 47 tags that there are phrases for; English if there is none."""
    for tag in wanted:
        language = tag.partition("-")[0].lower()
        if language in PHRASES:
            return language
    return ENGLISH
