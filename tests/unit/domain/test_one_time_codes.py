"""Texts as services send them, with and without a one-time code."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simpost.domain.one_time_codes import find_code, looks_like_code

CODES = (
    """
Your code is 123456
Your verification code is 123456.
Your verification code: 4821
Code: 123456
G-482910 is your Google verification code.
123456 is your Facebook confirmation code
<#> 482910 is your Uber code. Never share this code. Reply STOP to 1234 to unsubscribe
[TikTok] 482910 is your verification code, valid for 5 minutes.
Use 482910 as your one-time password for Example. It expires in 10 minutes.
Your OTP is 482910. Do not share it with anyone.
482910 is the OTP for your login at Example Bank.
Your Example PIN is 4829
Your Signal verification code: 123-456
123-456 is your WhatsApp code
WhatsApp code 123-456. You can also tap this link to verify your phone
Your code for Example is 482 910
Enter 482910 as the code to sign in.
Hi Ana, your login code is 77120934
Your security code is: 4821. Don't share it.
Use code 482910 to confirm your phone number.
Dein Code lautet 482910
Ihr Bestätigungscode lautet: 482910
Ihr Sicherheitscode: 482910. Bitte geben Sie ihn nicht weiter.
482910 ist dein Code für Example.
Votre code de vérification est 482910
Votre code est le 482910. Ne le partagez pas.
482910 est votre code de connexion
Tu código de verificación es 482910
482910 es tu código de verificación de Example
Tu código: 4829
Seu código de verificação é 482910
482910 é o seu código
Il tuo codice di verifica è 482910
482910 è il tuo codice
Je verificatiecode is 482910
Din verifieringskod är 482910, kod: 482910
Twój kod weryfikacyjny to 482910
482910 to twój kod
Váš ověřovací kód je 482910
Doğrulama kodunuz: 482910
482910 Example doğrulama kodunuz
Kode verifikasi Anda adalah 482910
Mã xác minh của bạn là 482910
Vahvistuskoodisi on 482910
Ваш код подтверждения: 482910
482910 — ваш код подтверждения
Код: 4829. Никому не сообщайте
Ваш пароль 482910
رمز التحقق الخاص بك هو 482910
קוד האימות שלך הוא 482910
आपका कोड 482910 है
รหัส OTP ของคุณคือ 482910
【示例】您的验证码是482910，5分钟内有效。
您的驗證碼:482910
認証コード:482910
あなたの確認コードは 482910 です。
[예시] 인증번호 482910 를 입력하세요.
Your code is ١٢٣٤٥٦
Code:123456
PIN=4829
Your login\n\n@example.com #482910
""".strip()
    .replace("\\n", "\n")
    .replace("\n\n@", "\0@")
    .split("\n")
)

OTHERS = """
Hello
Your 1 GB is used up.
Welcome to Thailand! Dial 1155 for the tourist police.
Your order 482910 has been shipped.
Order code 482910 is ready for pickup.
Your order code is 482910
Your booking code is 482910. See you at the hotel!
Your tracking code: 48291034
Use code 2026 for 20% off your next plan!
Use promo code 202611 today
Your discount code is 482910
Gift card code: 48291034
Your voucher code is 4829 1034
Get 5 GB for 1000 THB with the code below.
The plan costs 1500 EUR.
Your invoice 20261129 of 1500.00 USD is due.
Call us at +44 20 7946 0958.
Call 02079460958 for help.
Your plan expires on 2026-11-29.
Your plan expires on 29.11.2026 at 23:59.
Meet at gate 1234, boarding 10:45
Flight TG 4829 departs at 10:45.
Our country code is 0044 for calls to the UK
The zip code of the hotel is 10110
Postal code 10330, Bangkok
Error code 4829: please restart your phone.
Scan the QR code 4829 times
Your code of conduct was updated in 2026.
The dress code is casual. Arrive at 1900.
Your customer number is 48291034
You have used 1024 MB of 2048 MB.
Top up 5000 points and win
Your balance is 123456.78 THB
Room 4829. WiFi password: sunshine
We changed our password rules in 2026.
Your code is in the app. Call 123456 for help.
Your code was used. 482910 points were added.
Code review meeting at 1430 hours is postponed; see ticket 482910
Ihr Gutscheincode: 482910
Ihre Bestellung 482910 ist unterwegs
Ihr Code für den Rabatt ist 482910
Votre commande 482910 est prête
Votre code promo est 482910
Code postal 75001
Su pedido 482910 ha sido enviado
Código de descuento: 482910
Il tuo ordine 482910 è partito
Codice sconto 482910
Twoje zamówienie 482910 jest gotowe, kod odbioru 482910
Siparişiniz 482910 yolda, indirim kodu 482910
Ваш заказ 482910 готов, код 482910
Промокод 482910
您的订单482910已发货
您的快递取件码验证码 482910 取件
クーポンコード 482910
ご注文 482910 を発送しました
주문번호 482910
Reply YES to 12345
Your eSIM 8966000000000000012 is ready. Code LPA:1$rsp.example.com$K2-482910
Activation code: LPA:1$smdp.example.com$482910ABC
PIN codes are never asked by our staff
Code: 123
Code: 123456789
Your code costs 5000 EUR
Code 5000 MB
ping 1234 shopping 5678
""".strip().split("\n")
CODES = [text.replace("\0", "\n\n") for text in CODES]


@pytest.mark.parametrize("text", CODES)
def test_a_text_with_a_one_time_code_is_recognized(text):
    assert looks_like_code(text)


@pytest.mark.parametrize("text", OTHERS)
def test_other_numbers_are_no_codes(text):
    assert not looks_like_code(text)


def test_a_long_text_is_no_code():
    assert looks_like_code("Your code is 123456" + " " * 301)
    assert not looks_like_code("Your code is 123456" + " " * 302)


@given(st.text(max_size=320))
def test_any_text_has_an_answer(text):
    assert looks_like_code(text) in (True, False)


@pytest.mark.parametrize(
    "piece", ["code ", "1234 ", "code 1234/", "\n1234 ", "@a #", "код ", "g-1234-", "\ufdfa"]
)
def test_a_hostile_text_takes_no_long_time(piece):
    text = (piece * 320)[:320]
    started_s = time.thread_time()
    for _ in range(100):
        looks_like_code(text)
    assert time.thread_time() - started_s < 10, "a pattern that backtracks takes minutes"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Your code is 123456", "123456"),
        ("G-482910 is your Google verification code.", "482910"),
        ("Your Signal verification code: 123-456", "123456"),
        ("Your code for Example is 482 910", "482910"),
        ("Order 99999 is on its way. Your code is 4821.", "4821"),
        ("رمز التحقق ٤٨٢٩١٠", "482910"),
        ("Sign in\n\n@example.com #aB482x", "aB482x"),
        ("Welcome to Thailand! Your plan has 1024 MB.", None),
        ("Your order code is 482910", None),
        ("", None),
    ],
)
def test_the_code_is_found_as_a_person_would_type_it(text: str, code: str | None) -> None:
    assert find_code(text) == code
