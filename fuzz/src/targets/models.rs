//! The typed models: whatever a server sends either fits one or is refused, and what fits keeps all it brought.

use serde::Serialize;
use serde::de::DeserializeOwned;
use xano_metadata::api;

/// Tries a model on a text.
type Try = fn(&[u8]);

macro_rules! models {
    ($($name:ident),* $(,)?) => {
        /// Every model that answers are read as, by its name.
        const MODELS: &[(&str, Try)] = &[$((stringify!($name), holds::<api::$name>)),*];
    };
}

models!(
    Addon,
    Agent,
    AgentSkills,
    ApiGroup,
    AuditLogBranch,
    AuditLogEntry,
    AuditLogObject,
    AuditLogUser,
    AuditLogWorkspace,
    AutocompleteField,
    AutocompleteResult,
    Branch,
    Build,
    BuildStaticHost,
    BuildUser,
    BulkResult,
    Cluster,
    Column,
    ColumnValidators,
    Created,
    CreatedColumn,
    CreatedIndex,
    CreatedSnapshot,
    DataSource,
    DebugRun,
    Documentation,
    DocumentationSettings,
    DownloadLink,
    Endpoint,
    EnvironmentEntry,
    EnvironmentNames,
    EnvironmentVariable,
    File,
    Function,
    FunctionHistoryEntry,
    FunctionRun,
    GuidMapping,
    Impersonation,
    ImportedBranch,
    ImportedWorkspace,
    Index,
    IndexField,
    InstallToken,
    InstanceInfo,
    KnowledgeAttachment,
    KnowledgeDocument,
    KnowledgeFile,
    KnowledgeFileContent,
    KnowledgeGuid,
    KnowledgeItem,
    KnowledgePush,
    McpServer,
    Me,
    Middleware,
    MiddlewareHistoryEntry,
    ParsedPolicy,
    PasswordFilters,
    Platform,
    PlatformHelm,
    PlatformImage,
    Policy,
    PolicyCheck,
    PolicyClearObjects,
    PolicyFindings,
    PolicyLatestRun,
    PolicyObject,
    PolicyRuleWarning,
    PolicyRun,
    PolicyRunCounts,
    PushCounts,
    PushOperation,
    PushPlan,
    PushResult,
    RangeFilters,
    RealtimeChannel,
    RealtimeChannelInput,
    RealtimeChannelSettings,
    RealtimeSettings,
    RecordUpdate,
    Release,
    ReleaseBranch,
    ReleaseTable,
    RequestHistoryEntry,
    ResponseCache,
    SandboxInfo,
    SandboxKnowledgeDocument,
    SearchField,
    SnapshotSwap,
    Snippet,
    SortedField,
    SpatialField,
    StaticHost,
    StaticHostEnvironment,
    StaticHostGit,
    StaticHostGitInput,
    StaticHostWorkspace,
    Table,
    TableTrigger,
    TableTriggerActions,
    Task,
    TaskHistoryEntry,
    Tenant,
    TenantBackup,
    TenantBackupRelease,
    TenantBackupUser,
    TenantCluster,
    TenantPlatform,
    TenantRbac,
    TenantRelease,
    TenantSnapshot,
    TenantTag,
    TextFilters,
    Tool,
    ToolHistoryEntry,
    Trigger,
    TriggerActions,
    TriggerHistoryEntry,
    UnitTest,
    UnitTestResult,
    UnitTestRun,
    VectorField,
    VectorOptions,
    WorkflowTest,
    WorkflowTestRun,
    WorkflowTestSummary,
    Workspace,
    WorkspacePreferences,
);

fn holds<T: DeserializeOwned + Serialize + PartialEq + std::fmt::Debug>(text: &[u8]) {
    let Ok(model) = serde_json::from_slice::<T>(text) else {
        return;
    };
    let written = serde_json::to_vec(&model).expect("a model can be written");
    let again: T = serde_json::from_slice(&written).expect("what was written can be read");
    assert_eq!(again, model);
}

/// The first byte names a model; the rest is the answer. Half of the numbers mean all of them.
pub(crate) fn models(bytes: &[u8]) {
    let Some((choice, text)) = bytes.split_first() else {
        return;
    };
    match MODELS.get(usize::from(*choice)) {
        Some((_, holds)) => holds(text),
        None => MODELS.iter().for_each(|(_, holds)| holds(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::MODELS;

    #[test]
    fn no_model_is_left_out() {
        let source = include_str!("../../../core/src/api/types.rs");
        let mut derived = false;
        for line in source.lines() {
            if line.starts_with("#[derive(") {
                derived = line.contains("Deserialize");
            }
            let name = line
                .strip_prefix("pub struct ")
                .or_else(|| line.strip_prefix("pub enum "));
            let Some(name) = name.map(|rest| rest.split([' ', '<', '(']).next().unwrap_or_default()) else {
                continue;
            };
            let known = MODELS.iter().any(|(model, _)| *model == name);
            assert_eq!(known, derived, "{name}: add it to the list of models, or take it off");
        }
    }
}
