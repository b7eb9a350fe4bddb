"""Whether memory grows with the number of requests, and not only until everything is made once.

What is made once (the OpenAPI document, threads, statements, pages of the store) has been made
after a fifth of a long run. Readings differ by 4 MiB, since garbage is collected in its turn; the
medians of twenty differ less.
"""

from statistics import median

READINGS = 100
"""Of one run, at equal distances."""
FROM_REQUESTS = 100_000
"""With fewer, what stays of a request cannot be told from the noise."""
MOST_OCTETS = 100
"""Of one request that may stay: after 100,000 the medians may differ by 5.7 MiB."""


def octets_a_request(mib, count):
    """What stays of each request: between the medians of the second and of the last fifth."""
    fifth = len(mib) // 5
    early, late = median(mib[fifth : 2 * fifth]), median(mib[-fifth:])
    return (late - early) * 2**20 / (0.6 * count)
