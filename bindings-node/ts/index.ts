/**
 * A client for the Xano Metadata API: typed, retrying, aware of rate limits. An independent project, not made by Xano.
 *
 * @example
 * ```ts
 * import { Xano } from 'xano-metadata'
 *
 * const xano = new Xano()
 * for await (const snippet of xano.snippets.list()) console.log(snippet.name)
 * ```
 *
 * @packageDocumentation
 */

export { Instance, Xano, type InstanceOptions } from './client.js'
export { Download, EventStream, type ServerEvent } from './download.js'
export {
  ApiError,
  AuthenticationError,
  BadRequestError,
  Cancelled,
  ConfigError,
  ConflictError,
  ConnectionError,
  DecodeError,
  NotFoundError,
  PermissionError,
  RateLimitError,
  RecordError,
  RefusedError,
  ServerError,
  TimeoutError,
  XanoError,
  type ErrorFields,
} from './errors.js'
export type { ClientEvent, Progress, Stats } from './events.js'
export {
  restore,
  verify,
  type Backup,
  type BackupFile,
  type BackupKind,
  type BackupManifest,
  type BackupOptions,
  type BackupRestored,
  type BackupTrouble,
  type BackupVerification,
  type FleetBackup,
  type FleetBackupOptions,
  type Keep,
  type RestoreOptions,
  type RestoredTable,
} from './fleet-backup.js'
export {
  Comparison,
  compare,
  type CompareOptions,
  type ComparedFamily,
  type ComparedRecords,
  type ComparisonChange,
  type ComparisonRow,
  type ComparisonSide,
  type ComparisonSkip,
} from './fleet-compare.js'
export {
  deploy,
  deployment,
  resume,
  revert,
  type Decide,
  type DeployOptions,
  type DeploySource,
  type Deployment,
  type DeploymentChange,
  type DeploymentPreview,
  type DeploymentStage,
  type DeploymentState,
  type DeploymentStep,
  type DeploymentStepName,
  type DeploymentStepTold,
  type DeploymentTest,
  type DeploymentTests,
  type ResumeOptions,
  type RevertOptions,
  type Stage,
} from './fleet-deploy.js'
export {
  Shop,
  ShopSale,
  type SaleState,
  type SalesOptions,
  type SellOptions,
  type ShopEntry,
  type ShopIssued,
  type ShopOptions,
  type ShopReconciled,
  type ShopSaleFields,
  type ShopTier,
  type ShopUsage,
  type ShopUse,
  type TierOptions,
} from './fleet-shop.js'
export { Fleet, type FleetConfig, type FleetEnvironment, type FleetMember, type FleetOptions } from './fleet.js'
export {
  Inventory,
  type FleetFailure,
  type Health,
  type HealthChange,
  type HealthOptions,
  type InstanceHealth,
  type InstanceState,
  type InventoryBranch,
  type InventoryInstance,
  type InventoryOptions,
  type InventoryRow,
  type InventoryTable,
  type InventoryWorkspace,
  type WatchOptions,
} from './fleet-estate.js'
export { RateLimit, type CallOptions, type ClientOptions } from './options.js'
export type { RecordReader } from './reader.js'
export type {
  ArrowOptions,
  CopyOptions,
  ExportOptions,
  JobOptions,
  LoadOptions,
  ReadOptions,
  WriteOptions,
} from './record-options.js'
export type { RecordsResource, Rows } from './records.js'
export type { JobProgress, LoadReport, RowFailure } from './report.js'
export { field, where, type Conditions, type Field, type Operators, type Search } from './search.js'
export type { Change } from './making.js'
export type { RawParams } from './pack.js'
export { Page, Pager } from './pager.js'
export type { Decision, Question, TaskOptions, TaskProgress } from './tasks.js'
export { parseTime, scriptText, type FileInput, type FileSource, type Script, type Time } from './values.js'
export { Column, Index } from './generated/constructors.js'
export type * from './generated/index.js'
