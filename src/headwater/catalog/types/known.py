"""Types that are well known from Apache Atlas and Microsoft Purview, so that what others' tools send finds its type.

They are a courtesy, as far as public knowledge goes: attributes that are not declared are kept all the same, and
whoever defines a type of the same name has theirs instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from headwater.catalog.types.definitions import AttributeDefinition, TypeDefinition
from headwater.catalog.types.relationships import RelationshipDefinition, RelationshipEnd

__all__ = ["KNOWN", "KNOWN_CLASSIFICATIONS", "KNOWN_ENUMS", "KNOWN_RELATIONSHIPS"]

#: A type a line: its name, what is above it, its attributes (of type "string" where none is said).
_TYPES: Final = """
azure_resource < Asset: createTime:date modifiedTime:date
Path < DataSet: path
fs_path < Path: createTime:date modifiedTime:date isFile:boolean isSymlink:boolean fileSize:long group
hdfs_path < fs_path: clusterName nameServiceId numberOfReplicas:int
tabular_schema < DataSet:
avro_schema < DataSet: type namespace
json_schema < DataSet: document

azure_storage_account < azure_resource: publicAccessLevel accountType
azure_blob_service < azure_resource:
azure_datalake_gen2_service < azure_resource:
azure_file_service < azure_resource:
azure_table_service < azure_resource:
azure_blob_container < azure_resource DataSet: publicAccessLevel
azure_datalake_gen2_filesystem < azure_resource DataSet:
azure_blob_path < azure_resource Path: isBlob:boolean size:long blobType accessTier serverEncrypted:boolean contentType
azure_datalake_gen2_path < azure_resource Path: isFile:boolean size:long contentType
azure_datalake_gen1_account < azure_resource:
azure_datalake_gen1_path < azure_resource Path: isFile:boolean size:long
azure_file_share < azure_resource DataSet:
azure_file_path < azure_resource Path: isFile:boolean size:long
azure_table < azure_resource DataSet:
azure_blob_resource_set < azure_resource DataSet: partitionCount:long totalSizeBytes:long schemaCount:long
azure_datalake_gen1_resource_set < azure_resource DataSet: partitionCount:long totalSizeBytes:long schemaCount:long
azure_datalake_gen2_resource_set < azure_resource DataSet: partitionCount:long totalSizeBytes:long schemaCount:long
azure_cosmosdb_account < azure_resource:
azure_cosmosdb_sqlapi_database < azure_resource DataSet:
azure_cosmosdb_sqlapi_collection < azure_resource DataSet:
azure_data_explorer_cluster < azure_resource:
azure_data_explorer_database < azure_resource DataSet:
azure_data_explorer_table < azure_resource DataSet:

azure_sql_server < azure_resource:
azure_sql_db < azure_resource DataSet:
azure_sql_schema < azure_resource DataSet:
azure_sql_table < azure_resource DataSet: principalId:int objectType
azure_sql_column < DataSet: data_type length:int precision:int scale:int isNull:boolean
azure_sql_view < azure_resource DataSet: viewDefinition
azure_sql_view_column < DataSet: data_type length:int precision:int scale:int isNull:boolean
azure_sql_stored_procedure < azure_resource DataSet:
azure_sql_stored_procedure_run < Process:
azure_sql_dw < azure_resource DataSet:
azure_sql_dw_schema < azure_resource DataSet:
azure_sql_dw_table < azure_resource DataSet:
azure_sql_dw_column < DataSet: data_type length:int precision:int scale:int isNull:boolean
azure_sql_mi_server < azure_resource:
azure_sql_mi_db < azure_resource DataSet:
azure_sql_mi_schema < azure_resource DataSet:
azure_sql_mi_table < azure_resource DataSet:
azure_sql_mi_column < DataSet: data_type length:int precision:int scale:int
azure_synapse_workspace < azure_resource:
azure_synapse_dedicated_sql_db < azure_resource DataSet:
azure_synapse_dedicated_sql_schema < azure_resource DataSet:
azure_synapse_dedicated_sql_table < azure_resource DataSet:
azure_synapse_dedicated_sql_column < DataSet: data_type length:int precision:int scale:int
azure_synapse_serverless_sql_db < azure_resource DataSet:
azure_synapse_serverless_sql_schema < azure_resource DataSet:
azure_synapse_serverless_sql_table < azure_resource DataSet:
azure_synapse_serverless_sql_column < DataSet: data_type length:int precision:int scale:int
mssql_instance < DataSet: hostname port
mssql_db < DataSet:
mssql_schema < DataSet:
mssql_table < DataSet: type
mssql_column < DataSet: data_type length:int precision:int scale:int isNull:boolean
mssql_view < DataSet: viewDefinition
mssql_stored_procedure < DataSet:

rdbms_instance < DataSet: rdbms_type platform cloudOrOnPrem hostname port protocol contact_info
rdbms_db < DataSet: prodOrOther contact_info
rdbms_table < DataSet: name_path createTime:date comment type contact_info
rdbms_column < DataSet: data_type length:int default_value comment isNullable:boolean isPrimaryKey:boolean
rdbms_index < DataSet: index_type isUnique:boolean comment
rdbms_foreign_key < DataSet:
hive_db < Asset: clusterName location ownerType parameters:map<string,string>
hive_table < DataSet: createTime:date lastAccessTime:date comment retention:int tableType temporary:boolean \
    viewOriginalText viewExpandedText parameters:map<string,string> partitionKeys:array<hive_column>
hive_column < DataSet: type comment position:int
hive_storagedesc < Referenceable: location inputFormat outputFormat compressed:boolean numBuckets:int
hive_process < Process: startTime:date endTime:date userName operationType queryText queryPlan queryId clusterName
hive_column_lineage < Process: depenendencyType expression
hive_process_execution < Asset: startTime:date endTime:date userName queryText queryId
hbase_namespace < Asset: clusterName parameters:map<string,string>
hbase_table < DataSet: uri isReadOnly:boolean parameters:map<string,string>
hbase_column_family < DataSet: compression blockSize:int versions:int
hbase_column < DataSet: type
kafka_topic < DataSet: topic uri partitionCount:int replicationFactor:int
jms_topic < DataSet: providerURL uri
sqoop_dbdatastore < DataSet: dbStoreType storeUse storeUri source
sqoop_process < Process: operation commandlineOpts:map<string,string> startTime:date endTime:date userName
storm_topology < Process: id startTime:date endTime:date conf:map<string,string> clusterName
storm_node < Referenceable: name description driverClass conf:map<string,string>
falcon_feed < DataSet:
falcon_process < Process: runsOn frequency
aws_s3_bucket < DataSet: objectPrefix
aws_s3_v2_bucket < DataSet: partner createTime:date
aws_s3_v2_directory < DataSet: objectPrefix
aws_s3_v2_object < DataSet: dataType compressionType
snowflake_database < DataSet:
snowflake_schema < DataSet:
snowflake_table < DataSet:
snowflake_table_column < DataSet: data_type

spark_db < DataSet: clusterName locationUri parameters:map<string,string> ownerType
spark_table < DataSet: tableType provider partitionProvider createTime:long viewOriginalText unsupportedFeatures
spark_column < DataSet: type nullable:boolean comment
spark_storagedesc < Referenceable: location inputFormat outputFormat serde compressed:boolean
spark_process < Process: executionId currUser remoteUser executionTime:date details sparkPlanDescription
spark_application < Process: appType
spark_ml_directory < DataSet: uri directory
spark_ml_pipeline < DataSet:
spark_ml_model < DataSet:
databricks_workspace < azure_resource: workspaceUrl
databricks_job < Process: jobId
databricks_job_task < Process: jobId
databricks_notebook < Process: notebookId path
databricks_notebook_task < Process: jobId
databricks_process < Process: sparkPlanDescription columnMapping
databricks_catalog < DataSet:
databricks_schema < DataSet:
databricks_table < DataSet: tableType
databricks_table_column < DataSet: data_type

azure_data_factory < azure_resource:
adf_pipeline < Process: annotations
adf_activity < Process: activityType
adf_copy_activity < Process: activityType
adf_dataflow_activity < Process: activityType
adf_copy_operation < Process: runId status startTime:date endTime:date
adf_dataflow_operation < Process: runId status startTime:date endTime:date
adf_executeSsisPackage_activity < Process: activityType
adf_executeSsisPackage_operation < Process: runId status startTime:date endTime:date
azure_synapse_pipeline < Process:
azure_synapse_copy_activity < Process: activityType
azure_synapse_copy_operation < Process: runId status startTime:date endTime:date
azure_synapse_dataflow_operation < Process: runId status startTime:date endTime:date
powerbi_workspace < Asset:
powerbi_dataset < DataSet: isRefreshable:boolean
powerbi_table < DataSet: isHidden:boolean
powerbi_column < DataSet: dataType isHidden:boolean
powerbi_measure < DataSet: expression isHidden:boolean
powerbi_dataflow < DataSet:
powerbi_dataflow_entity < DataSet:
powerbi_report < DataSet: reportType
powerbi_page < DataSet:
powerbi_dashboard < DataSet: isReadOnly:boolean
powerbi_tile < DataSet:
powerbi_dataset_process < Process:
powerbi_report_process < Process:
powerbi_dashboard_process < Process:
"""

#: A relationship a line: its name, then "holder.children > child.holder"; "~" where neither is a part of the other. A
#: mark of "!" is of an end that has one at the other end at most.
_RELATIONSHIPS: Final = """
tabular_schema_columns: tabular_schema.columns > column.composeSchema
tabular_schema_datasets: DataSet.tabular_schema! ~ tabular_schema.dataSets
avro_schema_associatedEntities: DataSet.schema ~ avro_schema.associatedEntities
azure_storage_account_services: azure_storage_account.services > azure_blob_service.storageAccount
azure_storage_account_gen2_services: azure_storage_account.gen2Services > azure_datalake_gen2_service.storageAccount
azure_blob_service_containers: azure_blob_service.containers > azure_blob_container.service
azure_blob_container_paths: azure_blob_container.blobPaths > azure_blob_path.container
azure_datalake_gen2_service_filesystems: azure_datalake_gen2_service.filesystems > \
azure_datalake_gen2_filesystem.service
azure_datalake_gen2_filesystem_paths: azure_datalake_gen2_filesystem.paths > azure_datalake_gen2_path.filesystem
azure_sql_server_databases: azure_sql_server.databases > azure_sql_db.server
azure_sql_db_schemas: azure_sql_db.schemas > azure_sql_schema.db
azure_sql_schema_tables: azure_sql_schema.tables > azure_sql_table.dbSchema
azure_sql_schema_views: azure_sql_schema.views > azure_sql_view.dbSchema
azure_sql_table_columns: azure_sql_table.columns > azure_sql_column.table
azure_sql_view_columns: azure_sql_view.columns > azure_sql_view_column.view
azure_sql_dw_schemas: azure_sql_dw.schemas > azure_sql_dw_schema.db
azure_sql_dw_schema_tables: azure_sql_dw_schema.tables > azure_sql_dw_table.dbSchema
azure_sql_dw_table_columns: azure_sql_dw_table.columns > azure_sql_dw_column.table
azure_sql_mi_table_columns: azure_sql_mi_table.columns > azure_sql_mi_column.table
azure_synapse_dedicated_sql_table_columns: azure_synapse_dedicated_sql_table.columns > \
azure_synapse_dedicated_sql_column.table
azure_synapse_serverless_sql_table_columns: azure_synapse_serverless_sql_table.columns > \
azure_synapse_serverless_sql_column.table
mssql_instance_databases: mssql_instance.databases > mssql_db.instance
mssql_db_schemas: mssql_db.schemas > mssql_schema.db
mssql_schema_tables: mssql_schema.tables > mssql_table.dbSchema
mssql_table_columns: mssql_table.columns > mssql_column.table
rdbms_instance_databases: rdbms_instance.databases > rdbms_db.instance
rdbms_db_tables: rdbms_db.tables > rdbms_table.db
rdbms_table_columns: rdbms_table.columns > rdbms_column.table
rdbms_table_indexes: rdbms_table.indexes > rdbms_index.table
rdbms_table_foreign_key: rdbms_table.foreign_keys > rdbms_foreign_key.table
hive_table_db: hive_db.tables ~ hive_table.db!
hive_table_columns: hive_table.columns > hive_column.table
hive_table_storagedesc: hive_table.sd! > hive_storagedesc.table
hive_process_column_lineage: hive_process.columnLineages > hive_column_lineage.query
hive_process_process_executions: hive_process.processExecutions > hive_process_execution.process
hbase_table_namespace: hbase_namespace.tables > hbase_table.namespace
hbase_table_column_families: hbase_table.column_families > hbase_column_family.table
hbase_column_family_columns: hbase_column_family.columns > hbase_column.column_family
storm_topology_nodes: storm_topology.nodes ~ storm_node.topolgies
spark_table_db: spark_db.tables ~ spark_table.db!
spark_table_columns: spark_table.columns > spark_column.table
spark_table_storagedesc: spark_table.sd! > spark_storagedesc.table
snowflake_database_schemas: snowflake_database.schemas > snowflake_schema.database
snowflake_schema_tables: snowflake_schema.tables > snowflake_table.dbSchema
snowflake_table_columns: snowflake_table.columns > snowflake_table_column.table
databricks_table_columns: databricks_table.columns > databricks_table_column.table
aws_s3_v2_container_contained: aws_s3_v2_bucket.contains > aws_s3_v2_directory.container
adf_pipeline_activities: adf_pipeline.subProcesses > adf_activity.parent
adf_copy_activity_operations: adf_copy_activity.subProcesses > adf_copy_operation.parent
adf_dataflow_activity_operations: adf_dataflow_activity.subProcesses > adf_dataflow_operation.parent
powerbi_workspace_datasets: powerbi_workspace.datasets ~ powerbi_dataset.workspace!
powerbi_workspace_reports: powerbi_workspace.reports ~ powerbi_report.workspace!
powerbi_workspace_dashboards: powerbi_workspace.dashboards ~ powerbi_dashboard.workspace!
powerbi_dataset_tables: powerbi_dataset.tables > powerbi_table.dataset
powerbi_table_columns: powerbi_table.columns > powerbi_column.table
powerbi_table_measures: powerbi_table.measures > powerbi_measure.table
powerbi_report_pages: powerbi_report.pages > powerbi_page.report
powerbi_dashboard_tiles: powerbi_dashboard.tiles > powerbi_tile.dashboard
"""

_RELATED: Final = re.compile(r"(\w+): (\w+)\.(\w+)(!?) ([>~]) (\w+)\.(\w+)(!?)")


def _lines(text: str) -> Iterator[str]:
    return (line for line in text.splitlines() if line.strip())


def _type(line: str) -> TypeDefinition:
    name, _, rest = line.partition(" < ")
    above, _, attributes = rest.partition(":")
    made = (each.partition(":") for each in attributes.split())
    return TypeDefinition(
        name, tuple(above.split()), tuple(AttributeDefinition(each, kind or "string") for each, _, kind in made)
    )


def _relationship(line: str) -> RelationshipDefinition:
    found: Any = _RELATED.fullmatch(line)
    name, holder, children, one_child, sign, child, parent, one_holder = found.groups()
    contains = sign == ">"
    return RelationshipDefinition(
        name,
        RelationshipEnd(holder, children, "SINGLE" if one_child else "SET", contains),
        RelationshipEnd(child, parent, "SINGLE" if contains or one_holder else "SET"),
        "COMPOSITION" if contains else "ASSOCIATION",
    )


#: Every well-known type by its name.
KNOWN: Final = {made.name: made for made in map(_type, _lines(_TYPES))}
#: Every well-known relationship by its name.
KNOWN_RELATIONSHIPS: Final = {made.name: made for made in map(_relationship, _lines(_RELATIONSHIPS))}

#: The values of well-known enums.
KNOWN_ENUMS: Final = {
    "hive_principal_type": ("USER", "ROLE", "GROUP"),
    "hive_order_type": ("ASC", "DESC"),
    "file_action": ("NONE", "EXECUTE", "WRITE", "WRITE_EXECUTE", "READ", "READ_EXECUTE", "READ_WRITE", "ALL"),
    "glossary_term_status_value": ("Approved", "Alert", "Expired", "Draft"),
}

_CLASSIFICATIONS: Final = """
MICROSOFT.PERSONAL: NAME EMAIL IPADDRESS DATE_OF_BIRTH AGE GENDER PHYSICALADDRESS GEOLOCATION US.PHONE_NUMBER
MICROSOFT.FINANCIAL: CREDIT_CARD_NUMBER US.ABA_ROUTING_NUMBER US_BANK_ACCOUNT_NUMBER SWIFT_CODE
MICROSOFT.GOVERNMENT: US.SOCIAL_SECURITY_NUMBER US.DRIVERS_LICENSE_NUMBER CANADA.SOCIAL_INSURANCE_NUMBER CITY_NAME
HEADWATER.PERSONAL: PHONE_NUMBER POSTCODE
HEADWATER.FINANCIAL: IBAN
HEADWATER.TECHNICAL: MAC_ADDRESS URL IMEI
HEADWATER.GOVERNMENT: UK.NATIONAL_INSURANCE_NUMBER BE.NATIONAL_NUMBER BR.CPF CH.SOCIAL_SECURITY_NUMBER DE.TAX_ID \
    DK.CPR ES.NIF EU.VAT_NUMBER FI.PERSONAL_IDENTITY_CODE FR.NIR IN.AADHAAR IT.FISCAL_CODE NL.BSN \
    NO.NATIONAL_IDENTITY_NUMBER PL.PESEL SE.PERSONAL_IDENTITY_NUMBER UK.NHS_NUMBER
"""

#: Well-known classifications, and those that Headwater's own rules suggest beside them.
KNOWN_CLASSIFICATIONS: Final = tuple(
    f"{group}.{name}"
    for group, _, names in (line.partition(": ") for line in _lines(_CLASSIFICATIONS))
    for name in names.split()
)
