"""A small shop: every buyer gets an install token of their own, and no token is sold twice.

python snippet_shop.py CANONICAL TIER BUYER [ORDER]    such as: kRG3t_-i team ada@example.com invoice-17

With an order, running it again shows the same token. The ledger is shop.db, or the file that SHOP_LEDGER names.
"""

import os
import sys

from xano_metadata import Xano, XanoError

TIERS = {"single": 1, "team": 5, "agency": 50}  # installs that a buyer gets

INSTRUCTIONS = """\
Hello {buyer},
thank you for buying "{name}" ({tier}, installs: {installs}).
1. Open {link}
2. Choose "Install" and paste this token: {token}
It allows {left} more installs."""


def main(canonical: str, tier: str, buyer: str, order: str | None = None) -> None:
    if tier not in TIERS:
        sys.exit(f"there is no tier {tier}; there are {', '.join(TIERS)}")
    with Xano() as xano:
        shop = xano.shop(os.environ.get("SHOP_LEDGER", "shop.db"))
        name = f"{canonical} {tier}"
        shop.tier(name, snippet=canonical, installs=TIERS[tier], instructions=INSTRUCTIONS)
        try:
            sale = shop.sell(name, buyer=buyer, order=order)
        except XanoError as error:
            sys.exit(f"nothing was sold, run it again: {error}")
        print(sale.instructions or f"the order {order} was {sale.state}")


if __name__ == "__main__":
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    main(*sys.argv[1:])
