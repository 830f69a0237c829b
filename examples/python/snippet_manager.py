"""Every snippet you own with its installs, and the life of an install token.

python snippet_manager.py              list all snippets, installs used and left
python snippet_manager.py CANONICAL    restrict one to token holders; create, raise and revoke a token
"""

import sys

from xano_metadata import NotFoundError, Xano


def overview(xano: Xano) -> None:
    for snippet in xano.snippets.list():  # walks every page
        tokens = xano.snippet(snippet.canonical).tokens.list().all()
        used = sum(t.current_installs for t in tokens)
        left = sum(t.max_installs - t.current_installs for t in tokens)
        print(f"{snippet.canonical:12} {snippet.name:24} {snippet.install_access:7} {used:4} used {left:4} left")


def manage(xano: Xano, canonical: str) -> None:
    snippet = xano.snippet(canonical)
    snippet.update(install_access="token", install_access_description="Ask us for a key")
    print(f"{canonical} is now for holders of a token")

    token = snippet.tokens.create(max_installs=3)
    print(f"created {token.token} for {token.max_installs} installs")

    raised = snippet.token(token.token).update(max_installs=10, current_installs=token.current_installs)
    print(f"raised it to {raised.max_installs}")

    snippet.token(token.token).delete()
    print("revoked it")


def main(canonical: str | None) -> None:
    with Xano() as xano:
        if canonical is None:
            overview(xano)
            return
        try:
            manage(xano, canonical)
        except NotFoundError:
            sys.exit(f"you own no snippet {canonical}; run without arguments to see yours")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
