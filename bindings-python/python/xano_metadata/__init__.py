"""Client for the Xano Metadata API: typed, retrying, aware of rate limits, with an offline emulator.

An independent project, not made by Xano.

>>> from xano_metadata.testing import Emulator
>>> with Emulator(seed_demo=True) as emulator, emulator.client() as xano:
...     print(xano.me().email)
...     print(sum(1 for snippet in xano.snippets.list()) > 0)
robin@example.com
True

Against Xano itself, `Xano()` finds its token in `XANO_TOKEN` or in the credentials file of the official command line
tool; `Xano("token")` takes it as it is. `AsyncXano` is its twin for asyncio, with the same names.

The exported names are loaded when they are first used, so importing the package costs next to nothing.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xano_metadata import errors as errors
    from xano_metadata import testing as testing
    from xano_metadata import types as types
    from xano_metadata._aio import AsyncInstance as AsyncInstance
    from xano_metadata._aio import AsyncXano as AsyncXano
    from xano_metadata._backups import Backup as Backup
    from xano_metadata._backups import BackupFile as BackupFile
    from xano_metadata._backups import BackupManifest as BackupManifest
    from xano_metadata._backups import BackupRemoved as BackupRemoved
    from xano_metadata._backups import BackupRestored as BackupRestored
    from xano_metadata._backups import BackupTable as BackupTable
    from xano_metadata._backups import BackupVerification as BackupVerification
    from xano_metadata._backups import BackupWorkspace as BackupWorkspace
    from xano_metadata._backups import FleetBackup as FleetBackup
    from xano_metadata._backups import RestoredTable as RestoredTable
    from xano_metadata._client import Instance as Instance
    from xano_metadata._client import Xano as Xano
    from xano_metadata._events import AsyncEventStream as AsyncEventStream
    from xano_metadata._events import EventStream as EventStream
    from xano_metadata._events import ServerEvent as ServerEvent
    from xano_metadata._fleet import AsyncFleet as AsyncFleet
    from xano_metadata._fleet import Fleet as Fleet
    from xano_metadata._fleet import FleetEnvironment as FleetEnvironment
    from xano_metadata._fleet_backup import Keep as Keep
    from xano_metadata._fleet_backup import restore as restore
    from xano_metadata._fleet_backup import restore_async as restore_async
    from xano_metadata._fleet_backup import verify as verify
    from xano_metadata._fleet_backup import verify_async as verify_async
    from xano_metadata._fleet_compare import Comparison as Comparison
    from xano_metadata._fleet_compare import ComparisonChange as ComparisonChange
    from xano_metadata._fleet_compare import ComparisonSide as ComparisonSide
    from xano_metadata._fleet_compare import ComparisonSkip as ComparisonSkip
    from xano_metadata._fleet_compare import compare as compare
    from xano_metadata._fleet_compare import compare_async as compare_async
    from xano_metadata._fleet_deploy import Stage as Stage
    from xano_metadata._fleet_deploy import deploy as deploy
    from xano_metadata._fleet_deploy import deploy_async as deploy_async
    from xano_metadata._fleet_deploy import deployment as deployment
    from xano_metadata._fleet_deploy import resume as resume
    from xano_metadata._fleet_deploy import resume_async as resume_async
    from xano_metadata._fleet_deploy import revert as revert
    from xano_metadata._fleet_deploy import revert_async as revert_async
    from xano_metadata._fleet_deployment import Deployment as Deployment
    from xano_metadata._fleet_deployment import DeploymentChange as DeploymentChange
    from xano_metadata._fleet_deployment import DeploymentPreview as DeploymentPreview
    from xano_metadata._fleet_deployment import DeploymentSource as DeploymentSource
    from xano_metadata._fleet_deployment import DeploymentStage as DeploymentStage
    from xano_metadata._fleet_deployment import DeploymentStep as DeploymentStep
    from xano_metadata._fleet_deployment import DeploymentTests as DeploymentTests
    from xano_metadata._fleet_deployment import DeploymentTrouble as DeploymentTrouble
    from xano_metadata._fleet_estate import AsyncFleetMember as AsyncFleetMember
    from xano_metadata._fleet_estate import FleetMember as FleetMember
    from xano_metadata._fleet_health import Health as Health
    from xano_metadata._fleet_health import HealthChange as HealthChange
    from xano_metadata._fleet_health import InstanceHealth as InstanceHealth
    from xano_metadata._fleet_inventory import FleetFailure as FleetFailure
    from xano_metadata._fleet_inventory import Inventory as Inventory
    from xano_metadata._fleet_inventory import InventoryBranch as InventoryBranch
    from xano_metadata._fleet_inventory import InventoryInstance as InventoryInstance
    from xano_metadata._fleet_inventory import InventoryTable as InventoryTable
    from xano_metadata._fleet_inventory import InventoryWorkspace as InventoryWorkspace
    from xano_metadata._fleet_sales import ShopEntry as ShopEntry
    from xano_metadata._fleet_sales import ShopIssued as ShopIssued
    from xano_metadata._fleet_sales import ShopReconciled as ShopReconciled
    from xano_metadata._fleet_sales import ShopSale as ShopSale
    from xano_metadata._fleet_sales import ShopTier as ShopTier
    from xano_metadata._fleet_sales import ShopUsage as ShopUsage
    from xano_metadata._fleet_shop import AsyncShop as AsyncShop
    from xano_metadata._fleet_shop import Shop as Shop
    from xano_metadata._model import Model as Model
    from xano_metadata._model import Time as Time
    from xano_metadata._options import OMIT as OMIT
    from xano_metadata._options import CallFields as CallFields
    from xano_metadata._options import CallOptions as CallOptions
    from xano_metadata._options import ClientFields as ClientFields
    from xano_metadata._options import ClientOptions as ClientOptions
    from xano_metadata._options import Omit as Omit
    from xano_metadata._options import RateLimit as RateLimit
    from xano_metadata._options import Stats as Stats
    from xano_metadata._pages import AsyncPager as AsyncPager
    from xano_metadata._pages import Page as Page
    from xano_metadata._pages import Pager as Pager
    from xano_metadata._report import Failure as Failure
    from xano_metadata._report import JobProgress as JobProgress
    from xano_metadata._report import LoadReport as LoadReport
    from xano_metadata._search import Field as Field
    from xano_metadata._search import Search as Search
    from xano_metadata._search import field as field
    from xano_metadata._search import where as where
    from xano_metadata._tasks import Question as Question
    from xano_metadata._tasks import TaskProgress as TaskProgress
    from xano_metadata._time import parse_time as parse_time
    from xano_metadata.errors import ApiError as ApiError
    from xano_metadata.errors import AuthenticationError as AuthenticationError
    from xano_metadata.errors import BadRequestError as BadRequestError
    from xano_metadata.errors import Cancelled as Cancelled
    from xano_metadata.errors import ConfigError as ConfigError
    from xano_metadata.errors import ConflictError as ConflictError
    from xano_metadata.errors import ConnectionError as ConnectionError  # noqa: A004
    from xano_metadata.errors import DecodeError as DecodeError
    from xano_metadata.errors import NotFoundError as NotFoundError
    from xano_metadata.errors import PermissionError as PermissionError  # noqa: A004
    from xano_metadata.errors import RateLimitError as RateLimitError
    from xano_metadata.errors import RecordError as RecordError
    from xano_metadata.errors import RefusedError as RefusedError
    from xano_metadata.errors import ServerError as ServerError
    from xano_metadata.errors import TimeoutError as TimeoutError  # noqa: A004
    from xano_metadata.errors import XanoError as XanoError
    from xano_metadata.types import *  # noqa: F403 # pyright: ignore[reportWildcardImportFromLibrary]

__version__ = "0.1.0"

_HOMES = {
    "_aio": "AsyncInstance AsyncXano",
    "_backups": "Backup BackupFile BackupManifest BackupRemoved BackupRestored BackupTable BackupVerification "
    "BackupWorkspace FleetBackup RestoredTable",
    "_client": "Instance Xano",
    "_events": "AsyncEventStream EventStream ServerEvent",
    "_fleet": "AsyncFleet Fleet FleetEnvironment",
    "_fleet_backup": "Keep restore restore_async verify verify_async",
    "_fleet_compare": "Comparison ComparisonChange ComparisonSide ComparisonSkip compare compare_async",
    "_fleet_deploy": "Stage deploy deploy_async deployment resume resume_async revert revert_async",
    "_fleet_deployment": "Deployment DeploymentChange DeploymentPreview DeploymentSource DeploymentStage "
    "DeploymentStep DeploymentTests DeploymentTrouble",
    "_fleet_estate": "AsyncFleetMember FleetMember",
    "_fleet_health": "Health HealthChange InstanceHealth",
    "_fleet_inventory": "FleetFailure Inventory InventoryBranch InventoryInstance InventoryTable InventoryWorkspace",
    "_fleet_sales": "ShopEntry ShopIssued ShopReconciled ShopSale ShopTier ShopUsage",
    "_fleet_shop": "AsyncShop Shop",
    "_model": "Model Time",
    "_options": "OMIT CallFields CallOptions ClientFields ClientOptions Omit RateLimit Stats",
    "_pages": "AsyncPager Page Pager",
    "_report": "Failure JobProgress LoadReport",
    "_search": "Field Search field where",
    "_tasks": "Question TaskProgress",
    "_time": "parse_time",
    "errors": "ApiError AuthenticationError BadRequestError Cancelled ConfigError ConflictError ConnectionError "
    "DecodeError NotFoundError PermissionError RateLimitError RecordError RefusedError ServerError TimeoutError "
    "XanoError",
}
_HOME = {name: home for home, names in _HOMES.items() for name in names.split()}
_MODULES = ("errors", "testing", "types")


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return __import__(f"{__name__}.{name}", fromlist=["_"])
    if name[:1] == "_":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # What is none of ours may be a model.
    module = __import__(f"{__name__}.{_HOME.get(name, 'types')}", fromlist=["_"])
    try:
        value = getattr(module, name)
    except AttributeError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES, *_HOME})
