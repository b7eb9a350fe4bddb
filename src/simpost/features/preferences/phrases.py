"""What we say to travellers about their preferences, by language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from simpost.domain.messages import Category
from simpost.domain.policy.reply_words import Action


class Phrases(msgspec.Struct, frozen=True):
    """The sentences of one language.

    Attributes:
        stopped, started, help: answers to a text, in GSM 7 bit and one part without the name of the
            account; `{kinds}` are labels.
        labels: of the page: what each category is.
        on, off: of the page: whether the traveller gets them.
        stop, start: of the page: what the button does.
        always: of the page: what no choice ends.
        invalid: of the page, when the link is not one of ours.
    """

    stopped: str
    started: str
    help: str
    title: str
    labels: Mapping[Category, str]
    on: str
    off: str
    stop: str
    start: str
    always: str
    invalid: str

    def answer(self, action: Action, categories: Iterable[Category], name: str) -> str:
        """The answer to a word, with the name of the account in front, if it has one."""
        text = {
            Action.STOP: self.stopped,
            Action.START: self.started,
            Action.HELP: self.help,
        }[action]
        kinds = ", ".join(self.labels[category] for category in categories)
        text = text.format(kinds=kinds)
        return f"{name}: {text}" if name else text


def _labels(promotion: str, notice: str, support: str, service: str) -> Mapping[Category, str]:
    return {
        Category.PROMOTION: promotion,
        Category.NOTICE: notice,
        Category.SUPPORT: support,
        Category.SERVICE: service,
    }


ENGLISH: Final = "en"
PHRASES: Final = {
    ENGLISH: Phrases(
        "Stopped: {kinds}. Codes and service messages still come. Text START to get them again.",
        "On again: {kinds}. Text STOP to end them.",
        "Text STOP to end: {kinds}. Text START to get them again.",
        "Your messages",
        _labels("Offers", "Notices", "Support messages", "Service messages"),
        "You get these.",
        "You do not get these.",
        "Stop these",
        "Get these again",
        "Codes that you ask for always arrive.",
        "This link is not valid.",
    ),
    "de": Phrases(
        "Beendet: {kinds}. Codes und Servicenachrichten kommen weiterhin. START schaltet sie "
        "wieder ein.",
        "Wieder an: {kinds}. STOP beendet sie.",
        "STOP beendet: {kinds}. START schaltet sie wieder ein.",
        "Deine Nachrichten",
        _labels("Angebote", "Hinweise", "Supportnachrichten", "Servicenachrichten"),
        "Du erhältst sie.",
        "Du erhältst sie nicht.",
        "Beenden",
        "Wieder erhalten",
        "Codes, die du anforderst, kommen immer.",
        "Dieser Link ist ungültig.",
    ),
    "es": Phrases(
        "Detenido: {kinds}. Los mensajes de servicio siguen llegando. Responde START para "
        "recibirlos de nuevo.",
        "De nuevo activo: {kinds}. Responde STOP para no recibirlos.",
        "Responde STOP para no recibir: {kinds}. START para recibirlos de nuevo.",
        "Tus mensajes",
        _labels("Ofertas", "Avisos", "Mensajes de soporte", "Mensajes de servicio"),
        "Los recibes.",
        "No los recibes.",
        "Dejar de recibirlos",
        "Recibirlos de nuevo",
        "Los códigos que pidas llegan siempre.",
        "Este enlace no es válido.",
    ),
    "fr": Phrases(
        "Plus d'envoi : {kinds}. Les codes et messages de service continuent. Envoyez START "
        "pour les recevoir.",
        "De nouveau : {kinds}. Envoyez STOP pour ne plus les recevoir.",
        "Envoyez STOP pour ne plus recevoir : {kinds}. START pour les recevoir.",
        "Vos messages",
        _labels("Offres", "Avis", "Messages d'assistance", "Messages de service"),
        "Vous les recevez.",
        "Vous ne les recevez pas.",
        "Ne plus les recevoir",
        "Les recevoir de nouveau",
        "Les codes que vous demandez arrivent toujours.",
        "Ce lien n'est pas valide.",
    ),
    "it": Phrases(
        "Fermati: {kinds}. Codici e messaggi di servizio continuano. Invia START per "
        "riceverli di nuovo.",
        "Di nuovo attivi: {kinds}. Invia STOP per non riceverli.",
        "Invia STOP per non ricevere: {kinds}. START per riceverli di nuovo.",
        "I tuoi messaggi",
        _labels("Offerte", "Avvisi", "Messaggi di assistenza", "Messaggi di servizio"),
        "Li ricevi.",
        "Non li ricevi.",
        "Non riceverli più",
        "Riceverli di nuovo",
        "I codici che richiedi arrivano sempre.",
        "Questo link non è valido.",
    ),
    "pt": Phrases(
        "Parado: {kinds}. As mensagens essenciais continuam. Envie START para receber de novo.",
        "De novo ativo: {kinds}. Envie STOP para deixar de receber.",
        "Envie STOP para deixar de receber: {kinds}. START para receber de novo.",
        "Suas mensagens",
        _labels("Ofertas", "Avisos", "Mensagens de suporte", "Mensagens de serviço"),
        "Você recebe.",
        "Você não recebe.",
        "Deixar de receber",
        "Receber de novo",
        "Os códigos que você pede sempre chegam.",
        "Este link não é válido.",
    ),
    "nl": Phrases(
        "Gestopt: {kinds}. Codes en serviceberichten komen nog wel. Stuur START om ze weer "
        "te krijgen.",
        "Weer aan: {kinds}. Stuur STOP om ze te stoppen.",
        "Stuur STOP om te stoppen: {kinds}. START om ze weer te krijgen.",
        "Je berichten",
        _labels("Aanbiedingen", "Meldingen", "Supportberichten", "Serviceberichten"),
        "Je krijgt ze.",
        "Je krijgt ze niet.",
        "Stoppen",
        "Weer ontvangen",
        "Codes die je aanvraagt komen altijd.",
        "Deze link is niet geldig.",
    ),
}


def choose_language(*wanted: str) -> str:
    """The first of some BCP 47 tags that there are phrases for; English if there is none."""
    for tag in wanted:
        language = tag.partition("-")[0].lower()
        if language in PHRASES:
            return language
    return ENGLISH
