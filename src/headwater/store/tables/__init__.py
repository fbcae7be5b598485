"""Every SQL table of Headwater, as SQLAlchemy Core objects.

Other rooms write their own statements against these::

    from headwater.store import tables

    select(tables.assets.c.guid).where(tables.assets.c.status == "active")
"""

from headwater.store.tables._metadata import metadata
from headwater.store.tables.access import (
    SCOPE_KINDS,
    role_actions,
    role_assignments,
    role_definitions,
    scope_ancestors,
    scopes,
)
from headwater.store.tables.annotations import (
    CLASSIFICATION_STATES,
    CLASSIFIED_BY,
    asset_classifications,
    asset_contacts,
    asset_labels,
    asset_terms,
    glossaries,
    glossary_categories,
    glossary_term_categories,
    glossary_term_relations,
    glossary_terms,
)
from headwater.store.tables.assets import (
    ASSET_STATUSES,
    TYPE_CATEGORIES,
    asset_columns,
    asset_history,
    asset_names,
    asset_tombstones,
    assets,
    catalog_state,
    type_definitions,
)
from headwater.store.tables.audit import AUDIT_RESULTS, audit_events, audit_retentions
from headwater.store.tables.classifying import classification_rules, classified_assets
from headwater.store.tables.connections import PRIVACY_LEVELS, connections
from headwater.store.tables.dataflows import (
    INTENT_STATES,
    REFRESH_STATUSES,
    dataflow_versions,
    dataflows,
    publish_intents,
    published_tables,
    refresh_entities,
    refresh_errors,
    refreshes,
    table_pins,
)
from headwater.store.tables.functions import function_settings
from headwater.store.tables.insights import asset_snapshots, model_use
from headwater.store.tables.installation import installation
from headwater.store.tables.jobs import JOB_STATUSES, MISSED_POLICIES, jobs, schedules, workers
from headwater.store.tables.label_flow import (
    LABEL_KINDS,
    inherited_labels,
    inherited_rejections,
    label_flow_state,
    label_policies,
)
from headwater.store.tables.ledger import ledger_files, ledger_fingerprints
from headwater.store.tables.lineage import (
    FLOW_KINDS,
    column_lineage,
    flow_edges,
    lineage_runs,
    lineage_stamps,
    past_flow_edges,
    relationships,
)
from headwater.store.tables.notifications import notifications, openlineage_events
from headwater.store.tables.openid import openid_groups, openid_requests
from headwater.store.tables.people import (
    BUILT_IN_ADMINISTRATOR,
    LINK_PURPOSES,
    PRINCIPAL_KINDS,
    api_tokens,
    group_members,
    groups,
    one_time_links,
    passwords,
    principals,
    sessions,
    sign_in_addresses,
    sign_in_failures,
    users,
)
from headwater.store.tables.policies import POLICY_SUBJECTS, access_policies, access_policy_readers
from headwater.store.tables.pushes import catalog_pushes
from headwater.store.tables.scan_definitions import (
    SCAN_DOCUMENT_KINDS,
    declared_sources,
    scan_definitions,
    scan_documents,
)
from headwater.store.tables.searches import saved_searches
from headwater.store.tables.secrets import secrets
from headwater.store.tables.shares import table_shares
from headwater.store.tables.sources import (
    CREDENTIAL_MODES,
    ROOT_COLLECTION,
    SCAN_KINDS,
    SCAN_STATUSES,
    collections,
    scans,
    source_credentials,
    source_webhooks,
    sources,
)

__all__ = [
    "ASSET_STATUSES",
    "AUDIT_RESULTS",
    "BUILT_IN_ADMINISTRATOR",
    "CLASSIFICATION_STATES",
    "CLASSIFIED_BY",
    "CREDENTIAL_MODES",
    "FLOW_KINDS",
    "INTENT_STATES",
    "JOB_STATUSES",
    "LABEL_KINDS",
    "LINK_PURPOSES",
    "MISSED_POLICIES",
    "POLICY_SUBJECTS",
    "PRINCIPAL_KINDS",
    "PRIVACY_LEVELS",
    "REFRESH_STATUSES",
    "ROOT_COLLECTION",
    "SCAN_DOCUMENT_KINDS",
    "SCAN_KINDS",
    "SCAN_STATUSES",
    "SCOPE_KINDS",
    "TYPE_CATEGORIES",
    "access_policies",
    "access_policy_readers",
    "api_tokens",
    "asset_classifications",
    "asset_columns",
    "asset_contacts",
    "asset_history",
    "asset_labels",
    "asset_names",
    "asset_snapshots",
    "asset_terms",
    "asset_tombstones",
    "assets",
    "audit_events",
    "audit_retentions",
    "catalog_pushes",
    "catalog_state",
    "classification_rules",
    "classified_assets",
    "collections",
    "column_lineage",
    "connections",
    "dataflow_versions",
    "dataflows",
    "declared_sources",
    "flow_edges",
    "function_settings",
    "glossaries",
    "glossary_categories",
    "glossary_term_categories",
    "glossary_term_relations",
    "glossary_terms",
    "group_members",
    "groups",
    "inherited_labels",
    "inherited_rejections",
    "installation",
    "jobs",
    "label_flow_state",
    "label_policies",
    "ledger_files",
    "ledger_fingerprints",
    "lineage_runs",
    "lineage_stamps",
    "metadata",
    "model_use",
    "notifications",
    "one_time_links",
    "openid_groups",
    "openid_requests",
    "openlineage_events",
    "passwords",
    "past_flow_edges",
    "principals",
    "publish_intents",
    "published_tables",
    "refresh_entities",
    "refresh_errors",
    "refreshes",
    "relationships",
    "role_actions",
    "role_assignments",
    "role_definitions",
    "saved_searches",
    "scan_definitions",
    "scan_documents",
    "scans",
    "schedules",
    "scope_ancestors",
    "scopes",
    "secrets",
    "sessions",
    "sign_in_addresses",
    "sign_in_failures",
    "source_credentials",
    "source_webhooks",
    "sources",
    "table_pins",
    "table_shares",
    "type_definitions",
    "users",
    "workers",
]
