"""Recognizes texts that carry a one-time code, and finds the code, in many languages.

The rules are strict: a text that is taken for a code passes opt-outs, quiet hours and daily limits.
A number of 4 to 8 digits counts only where a word for such a code is next to it, and never in a
sentence about orders, prices or promotions.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise
from typing import Final

MAX_CHARACTERS: Final = 320
"""Longer texts are never codes."""
_REACH: Final = 50
"""Most characters between the number and the end of the word that is farther away."""

# Words are separated by "|", and grouped by language.
_WHOLE_WORDS: Final = "otp|pin|tan|kod|kodu|kodem|kodun|kodunuz|kód|kódja|mã|код|кода"
_WORD_ENDS: Final = """
code|codes|coden|password|passwort|kennwort|wachtwoord|lösenord|kode|koden|koodi|koodisi|koodin|
código|codigo|códigos|codice|codul|contraseña|senha|şifre|şifreniz|κωδικός|кодом|пароль|пароля
"""
"""Compounds such as Bestätigungscode end in them."""
_PHRASES: Final = """
mot de passe|kata sandi|رمز|كود|קוד|कोड|ओटीपी|รหัส|验证码|驗證碼|校验码|動態碼|动态码|認証コード|
確認コード|認証番号|ワンタイムパスワード|인증번호|인증 코드|인증코드|확인 코드|확인코드
"""
_OTHER_WORDS: Final = "off|sale|offer|offers|gift|gate|zip|qr|puk|dial"
_OTHER_STEMS: Final = """
order|booking|reservation|ticket|tracking|parcel|shipment|invoice|receipt|promo|discount|coupon|
voucher|referral|postal|postcode|area code|country code|error|barcode|dress code|package|product|
flight|customer number|customer id|account number|
bestell|buchung|rechnung|gutschein|rabatt|postleit|sendung|kundennummer|auftrag|korting|
commande|réserv|remise|réduction|facture|colis|pedido|reserva|descuento|factura|desconto|
ordine|prenotazione|sconto|fattura|zamówieni|rezerwac|rabat|objednáv|slev|tilaus|sipariş|
indirim|pesanan|diskon|đơn hàng|giảm giá|заказ|скидк|промо|брон|посылк|замовлен|знижк|
طلب|خصم|حجز|הזמנה|הנחה|ऑर्डर|छूट|คำสั่งซื้อ|ส่วนลด|订单|优惠|折扣|快递|取件|訂單|優惠|
注文|クーポン|割引|予約|郵便|주문|할인|쿠폰|우편
"""


def _split(table: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in table.split("|"))


_CODE_WORDS: Final = frozenset(_split(_WHOLE_WORDS))
_CODE_ENDS: Final = _split(_WORD_ENDS)
_CODE_PHRASES: Final = _split(_PHRASES)
_NO_CODE_WORDS: Final = frozenset(_split(_OTHER_WORDS))
_NO_CODE_STEMS: Final = _split(_OTHER_STEMS)
_NUMBER: Final = re.compile(
    r"(?<![\d+#$€£¥₹/*a-z_-])(?<!\d[:.,])"
    r"(?:[a-z]{1,2}-)?(?!(?:19|20)\d\d\b)(?:\d{4,8}|\d{3}[- ]\d{3}|\d{4}[- ]\d{4})"
    r"(?![\da-z_/*-]|[.,:]\d| ?(?:[$€£¥₹%]|(?:gb|mb|eur|usd|gbp|rs|thb|km|days?|minutes?)\b))"
)
"""Alone: no part of a price, a time, a phone number, a URL or a longer word; no year."""
_LEAD_INS: Final = (":", ">", "]", "】", ")", "-", "use", "enter", "type")
"""What a number may follow that is explained behind it, as in `Example: 123456 is your code`."""
_WEB_OTP: Final = re.compile(r"(?:^|\n)@[a-z0-9.-]{4,60} #([a-z0-9]{4,8})\s*$", re.IGNORECASE)
"""The last line by which a browser fills in the code."""
_SENTENCE_END: Final = re.compile(r"[.!?](?= |\n|$)|[。\n]")
_LETTERS: Final = re.compile(r"[^\W\d_]+")
_DIGIT: Final = re.compile(r"\d")
_DIGITS: Final = re.compile(r"\d{3}")


def looks_like_code(text: str) -> bool:
    """Whether the text gives its reader a one-time code."""
    return find_code(text) is not None


def find_code(text: str) -> str | None:
    """The one-time code in a text, without spaces, hyphens and letters before it; None if none.

    The digits are ASCII, whatever script they were written in.
    """
    if len(text) > MAX_CHARACTERS or not _DIGITS.search(text):
        return None
    normal = unicodedata.normalize("NFKC", text.replace("\uff0c", " "))
    bound = _WEB_OTP.search(normal)
    if bound:
        return bound[1]
    folded = normal.casefold()
    ends = [0, *(match.end() for match in _SENTENCE_END.finditer(folded)), len(folded)]
    found = (_code_in(folded[start:end]) for start, end in pairwise(ends))
    return next((code for code in found if code is not None), None)


def _code_in(sentence: str) -> str | None:
    for match in _NUMBER.finditer(sentence):
        before = sentence[: match.start()]
        after = _DIGIT.split(sentence[match.end() :], maxsplit=1)[0]
        if _names_code(_DIGIT.split(before)[-1][-_REACH:]) or (
            _leads_in(before) and _names_code(after[:_REACH])
        ):
            return None if _is_about_something_else(sentence) else _ascii_digits(match[0])
    return None


def _ascii_digits(written: str) -> str:
    return "".join(str(unicodedata.decimal(each)) for each in written if each.isdecimal())


def _names_code(text: str) -> bool:
    words = _LETTERS.findall(text)
    return any(word in _CODE_WORDS or word.endswith(_CODE_ENDS) for word in words) or any(
        phrase in text for phrase in _CODE_PHRASES
    )


def _leads_in(text: str) -> bool:
    words = text.split()
    return not words or words[-1].endswith(_LEAD_INS)


def _is_about_something_else(sentence: str) -> bool:
    return any(stem in sentence for stem in _NO_CODE_STEMS) or not _NO_CODE_WORDS.isdisjoint(
        _LETTERS.findall(sentence)
    )
