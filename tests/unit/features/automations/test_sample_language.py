"""The words of sample texts: register, punctuation, direction, and the names of menus."""

import json
import re
import unicodedata
from pathlib import Path

import pytest

from simpost.domain.policy.reply_words import Action
from simpost.features.automations.samples import SAMPLES
from simpost.features.preferences.phrases import PHRASES
from simpost.features.verifications.texts import LANGUAGES, code_text

SAMPLE_TEXTS = [
    pytest.param(tag, text, id=f"{name}-{tag}")
    for name, sample in SAMPLES.items()
    for tag, text in sample.template["texts"].items()
]
ALL_TEXTS = [
    *SAMPLE_TEXTS,
    *(pytest.param(tag, code_text("482910", tag), id=f"code-{tag}") for tag in LANGUAGES),
    *(
        pytest.param(tag, phrases.answer(action, phrases.labels, ""), id=f"{action}-{tag}")
        for tag, phrases in PHRASES.items()
        for action in Action
    ),
]
ANDROID = json.loads(
    (Path(__file__).parents[3] / "vectors" / "android_settings.json").read_text("utf-8")
)["languages"]
OTHER_NAMES = {"es": "Red e Internet", "tr": "Ağ ve internet"}
"""Newer names of the menu of the network than those of the source."""
OTHER_REGISTER = {
    "de": r"\b(Sie|Ihnen|Ihre?[rnms]?)\b",
    "es": r"(?i)\b(usted|su|sus|responda|contacte|active|abra)\b",
    "fr": r"(?i)\b(tu|ton|ta|tes|réponds|contacte|ouvre)\b",
    "it": r"\b(Lei|Suo|Sua|suoi|risponda|contatti|apra|invii)\b",
    "nl": r"(?i)\b(u|uw)\b",
    "pt": r"(?i)\b(tu|teu|tua|responde|fala|ativa|ligação|telemóvel)\b",
    "tr": r"(?i)\b(sen|senin|aç|yanıtla|yaz)\b",
    "zh": "你",
}
"""Words of the register that texts of a language do not use, or of another country's variant."""


@pytest.mark.parametrize(("tag", "text"), ALL_TEXTS)
def test_a_language_has_one_register(tag, text):
    assert not re.search(OTHER_REGISTER.get(tag, "(?!)"), text)
    if tag == "ja":
        assert re.search("(です|ます|ました|ください)。$", text)


@pytest.mark.parametrize(("tag", "text"), ALL_TEXTS)
def test_only_a_greeting_has_an_exclamation_mark(tag, text):
    marks = [mark.start() for mark in re.finditer("[!！¡]", text)]
    assert len(marks) <= (2 if tag == "es" else 1)
    assert all(mark < 35 for mark in marks)


@pytest.mark.parametrize(("tag", "text"), ALL_TEXTS)
def test_punctuation_is_that_of_the_language(tag, text):
    assert not re.search(r"  |^ | $|\.\.|!!|\?\?", text)
    if tag == "fr":
        assert not re.search(r"[^ ][:?!](?!//)", text.replace("'", ""))
    if tag == "es":
        assert text.count("?") == text.count("¿")
        assert text.count("!") == text.count("¡")
    if tag in ("ja", "zh"):
        assert not re.search(r"[,.?!:;()]", text)
    if tag == "ar":
        assert not re.search(r"[,;?]", text)
    if tag == "tr":
        assert not re.search(r"\}\s*%", text)


@pytest.mark.parametrize("tag", ["ar"])
@pytest.mark.parametrize("brand", ["Sunny Horizon", "شركة", "3 Travel"])
def test_text_of_a_language_from_right_to_left_begins_so(tag, brand):
    """A paragraph has the direction of its first strong character (UAX #9, P2 and P3)."""
    for sample in SAMPLES.values():
        text = sample.template["texts"][tag].replace("{brand}", brand)
        strong = (unicodedata.bidirectional(char) for char in text)
        assert next(each for each in strong if each in ("L", "R", "AL")) == "AL"


@pytest.mark.parametrize("tag", LANGUAGES)
def test_menus_of_android_are_named_as_its_source_does(tag):
    text = SAMPLES["activation-android"].template["texts"][tag]
    names = ANDROID[tag]
    assert names["settings"] in text
    assert OTHER_NAMES.get(tag, names["network"]) in text
    assert "SIM" in text or names["sims"] in text


@pytest.mark.parametrize("tag", LANGUAGES)
def test_roaming_has_the_name_of_the_switch(tag):
    text = SAMPLES["activation-android"].template["texts"][tag].lower()
    newer = {"pt": "roaming"}
    assert newer.get(tag, ANDROID[tag]["roaming"].lower()) in text
