"""A small shop: one install token per price tier, handed over while it has installs left.

python snippet_shop.py CANONICAL TIER BUYER    for instance: python snippet_shop.py kRG3t_-i team ada@example.com
"""

import sys

from xano_metadata import InstallToken, Xano

TIERS = {"single": 1, "team": 5, "agency": 50}  # installs that a buyer gets

INSTRUCTIONS = """\
Hello {buyer},
thank you for buying "{name}" ({tier}: {installs} installs).
1. Open https://www.xano.com/snippet/{canonical}
2. Choose "Install" and paste this token: {token}
It allows {left} more installs."""


def token_for(xano: Xano, canonical: str, installs: int) -> InstallToken:
    """A token of the tier with room left; a new one when there is none."""
    tokens = xano.snippet(canonical).tokens
    for token in tokens.list():
        if token.max_installs == installs and token.current_installs < token.max_installs:
            return token
    return tokens.create(max_installs=installs)


def main(canonical: str, tier: str, buyer: str) -> None:
    if tier not in TIERS:
        sys.exit(f"there is no tier {tier}; there are {', '.join(TIERS)}")
    with Xano() as xano:
        snippet = xano.snippet(canonical).get()
        token = token_for(xano, canonical, TIERS[tier])
        left = token.max_installs - token.current_installs
        print(
            INSTRUCTIONS.format(
                buyer=buyer,
                name=snippet.name,
                tier=tier,
                installs=TIERS[tier],
                canonical=canonical,
                token=token.token,
                left=left,
            )
        )


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
