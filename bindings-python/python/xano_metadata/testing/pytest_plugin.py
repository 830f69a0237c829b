"""The pytest fixtures `xano_emulator` and `xano`; pytest finds them by itself where this package is installed.

The emulator starts with the first test that asks for it, serves the whole session, and starts over for each test.
Nothing of the client is imported before that.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xano_metadata import Xano
    from xano_metadata.testing import Emulator


@pytest.fixture(scope="session")
def _xano_emulator_of_session() -> Iterator[Emulator]:
    from xano_metadata.testing import Emulator  # noqa: PLC0415 - only when a test asks for it

    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def xano_emulator(_xano_emulator_of_session: Emulator) -> Emulator:
    """A Xano on loopback, as new for each test: one user, one token, one instance."""
    _xano_emulator_of_session.reset()
    return _xano_emulator_of_session


@pytest.fixture
def xano(xano_emulator: Emulator) -> Iterator[Xano]:
    """A client of `xano_emulator`."""
    with xano_emulator.client() as client:
        yield client
