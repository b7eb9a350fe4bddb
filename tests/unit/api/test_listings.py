"""The bounded cache of responses, valid until their data changes."""

from simpost.api.shared.response_cache import ResponseCache


def test_a_cached_response_is_used_for_the_same_version_only():
    listings = ResponseCache()
    assert listings.find(1, "all") is None
    listings.add(1, "all", b"plans")
    assert listings.find(1, "all") == b"plans"
    assert listings.find(1, "some") is None
    assert listings.find(2, "all") is None
    listings.add(2, "some", b"plan")
    assert listings.find(2, "some") == b"plan"
    assert listings.find(2, "all") is None


def test_the_least_recently_used_response_is_evicted_first():
    listings = ResponseCache(max_octets=3_000)
    listings.add(1, "a", b"a" * 800)
    listings.add(1, "b", b"b" * 800)
    assert listings.find(1, "a")
    listings.add(1, "c", b"c" * 800)
    assert [bool(listings.find(1, key)) for key in "abc"] == [True, False, True]


def test_empty_and_very_large_responses_are_bounded_too():
    listings = ResponseCache(max_octets=3_000)
    for number in range(100):
        listings.add(1, number, b"")
    assert sum(listings.find(1, number) is not None for number in range(100)) == 5
    listings.add(1, "large", b"x" * 3_000)
    assert listings.find(1, "large") is None
    listings.add(1, "small", b"x")
    assert listings.find(1, "small") == b"x"
