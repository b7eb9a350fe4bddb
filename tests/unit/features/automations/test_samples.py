"""Sample automations: templates that are accepted, in twelve languages, in one or two parts."""

import json
import re
from importlib.resources import files

import pytest

from simpost.api.v1.templates.schemas import TemplateIn
from simpost.domain.lifecycle import Transition
from simpost.domain.messages import Category
from simpost.features.automations.samples import SAMPLES
from simpost.features.templates.definition import VariableType, check
from simpost.features.templates.message_format import Placeholder, parse, walk
from simpost.features.templates.preview import explain_longest
from simpost.features.verifications.texts import LANGUAGES

IN_UCS2 = {"ar", "ja", "pl", "tr", "zh"}
"""Languages with letters outside the GSM 7 bit default alphabet."""
SPELLED = {("activation-ios", "es"), ("activation-android", "pt")}
"""Texts in UCS-2, as names of menus have letters outside of that alphabet."""
PLAIN = {("data-nearly-used", "pl")}
"""Texts that happen to have none of the letters of their language."""
VALUES = {"brand": 20, "country": 24, "percent": 3}
"""The variables for which automations have values, and the characters of the longest value."""

ONE_SEPTET = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""3GPP TS 23.038 6.2.1, without the escape."""
TWO_SEPTETS = set("\f^{}\\[~]|€")
"""3GPP TS 23.038 6.2.1.1."""

TEXTS = [
    pytest.param(sample, tag, id=f"{name}-{tag}")
    for name, sample in SAMPLES.items()
    for tag in sample.template["texts"]
]


def parts_by_the_standard(text):
    """Parts of a text in the GSM 7 bit default alphabet, counted without our code.

    160 septets, or 153 beside a concatenation header; a part does not end after an escape.
    """
    sizes = [2 if char in TWO_SEPTETS else 1 for char in text]
    assert set(text) <= ONE_SEPTET | TWO_SEPTETS
    if sum(sizes) <= 160:
        return 1
    parts, used = 1, 0
    for size in sizes:
        if used + size > 153:
            parts, used = parts + 1, 0
        used += size
    return parts


def longest_text(sample, tag):
    return explain_longest(template_of(sample), tag)


def template_of(sample):
    return TemplateIn.model_validate_json(json.dumps(sample.template)).template("en")


def test_there_is_a_file_for_every_sample_and_no_other():
    folder = files("simpost.features.automations").joinpath("samples")
    assert sorted(each.name for each in folder.iterdir()) == sorted(f"{n}.toml" for n in SAMPLES)


def test_samples_start_on_the_transitions_that_their_names_say():
    assert {name: sample.trigger for name, sample in SAMPLES.items()} == {
        "welcome": Transition.ATTACHED,
        "activation-ios": Transition.INSTALLED,
        "activation-android": Transition.INSTALLED,
        "country-changed": Transition.COUNTRY_CHANGED,
        "data-nearly-used": Transition.DATA_USED_80,
        "data-used": Transition.DATA_USED_100,
        "plan-expires": Transition.EXPIRES_TOMORROW,
    }


def test_an_unknown_sample_is_no_file():
    assert "../samples/welcome" not in SAMPLES
    assert len(SAMPLES) == len(list(SAMPLES))


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_is_a_template_that_the_api_accepts(name):
    sample = SAMPLES[name]
    template = template_of(sample)
    check(template)
    assert sample.name == sample.template["name"] == name
    assert template.default_language == "en"
    assert sample.category in {Category.SERVICE, Category.NOTICE}
    assert 0 <= sample.delay_s <= 600


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_has_the_languages_of_the_verification_texts(name):
    texts = SAMPLES[name].template["texts"]
    assert sorted(texts) == sorted(LANGUAGES)
    assert len(set(texts.values())) == 12


@pytest.mark.parametrize("name", SAMPLES)
def test_variables_are_those_that_automations_have_values_for(name):
    variables = template_of(SAMPLES[name]).variables
    assert "brand" in variables
    for variable, declared in variables.items():
        is_number = declared.type is VariableType.NUMBER
        assert is_number == (variable == "percent")
        assert len(str(declared.longest)) == VALUES[variable]
        assert declared.default is None


@pytest.mark.parametrize(("sample", "tag"), TEXTS)
def test_every_text_uses_each_declared_variable_once(sample, tag):
    uses = list(walk(parse(sample.template["texts"][tag])))
    assert all(isinstance(use, Placeholder) for use in uses)
    assert sorted(use.name for use in uses) == sorted(sample.template["variables"])


@pytest.mark.parametrize(("sample", "tag"), TEXTS)
def test_every_text_is_one_part_or_two_of_ucs2(sample, tag):
    explained = longest_text(sample, tag)
    segments = explained.segments
    place = sample.name, tag
    is_ucs2 = (tag in IN_UCS2 or place in SPELLED) and place not in PLAIN
    assert segments.encoding.label == ("ucs2" if is_ucs2 else "gsm7")
    assert len(segments.parts) <= 2
    if not is_ucs2:
        assert len(segments.parts) == parts_by_the_standard(explained.text) == 1


@pytest.mark.parametrize(("sample", "tag"), TEXTS)
def test_a_value_that_forces_ucs2_takes_no_third_part(sample, tag):
    """67 UTF-16 units fit into each part (TS 23.040 9.2.3.24)."""
    assert len(longest_text(sample, tag).text.encode("utf-16-le")) // 2 <= 2 * 67


@pytest.mark.parametrize(("sample", "tag"), TEXTS)
def test_no_text_has_an_address_of_the_web(sample, tag):
    text = sample.template["texts"][tag]
    assert not re.search(r"://|www\.|\w\.[a-z]{2,}\b", text, re.IGNORECASE | re.ASCII)


@pytest.mark.parametrize("text", ["a" * 160, "[" * 80, "a" * 161, "[" * 81, "a" * 152 + "[" * 77])
def test_the_rule_of_this_test_counts_as_the_standard_does(text):
    septets = len(text) + text.count("[")
    assert parts_by_the_standard(text) == (1 if septets <= 160 else 2 if septets <= 305 else 3)
