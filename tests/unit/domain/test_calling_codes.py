"""The table of calling codes, compared with libphonenumber."""

import phonenumbers
import pytest

from simpost.domain.calling_codes import COUNTRIES, countries_of_number

_NO_COUNTRY = "001"
"""The region that the library gives to codes of no country, such as 882."""


def test_the_table_has_the_countries_of_the_library():
    of_library = {
        str(code): tuple(region for region in regions if region != _NO_COUNTRY)
        for code, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items()
    }
    assert {code: regions for code, regions in of_library.items() if regions} == COUNTRIES


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_an_example_number_of_each_region_leads_to_it(region):
    number = phonenumbers.example_number(region)
    digits = f"{number.country_code}{phonenumbers.national_significant_number(number)}"
    assert region in countries_of_number(digits)
    assert region in countries_of_number(f"+{digits}")


@pytest.mark.parametrize("number", ["", "+", "999123", "0447700900001", "8821234"])
def test_a_number_of_no_country_has_none(number):
    assert countries_of_number(number) == ()
