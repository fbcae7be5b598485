"""Functions of services and systems that cannot be had here: each says what they would reach and what to use instead.

``docs/reference/unavailable.md`` is made from this table.
"""

from __future__ import annotations

from dataclasses import dataclass

from headwater.errors import MError
from headwater.powerquery.library.declarations import constant, enumeration, function
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import Value


@dataclass(frozen=True, slots=True)
class Unavailable:
    """``reaches`` is what the function is for, ``instead`` what to do, as a sentence."""

    signature: str
    reaches: str
    instead: str

    @property
    def name(self) -> str:
        return self.signature[: self.signature.index("(")]


_DOWNLOAD = "Download the file, or have it synchronised to a folder, and read it with File.Contents or Folder.Files."
_REST = "Call the service's own web interface with Web.Contents, with a connection of kind Web."
_ODATA = "Read the lists through OData.Feed or Web.Contents, with a connection of kind Web."
_STORAGE = "Read it with Web.Contents and a signed address, or from a mounted folder with Folder.Files."
_CUBE = "Query the cube's source tables, and group and join them with the functions of Table."
_EXPORT = "Export the data to files or to a database, and read those."
_ODBC = "Use Odbc.DataSource or Odbc.Query with an ODBC driver of this system."
_HADOOP = "Read it with Hdfs.Files and Hdfs.Contents, or from a mounted folder with Folder.Files."

_OPTIONS = "optional options as nullable record"

UNAVAILABLE = (
    Unavailable("Access.Database(database as binary, optional options as nullable record) as table",
        "a Microsoft Access file, through a driver of Windows", _ODBC),
    Unavailable("ActiveDirectory.Domains(optional forestRootDomainName as nullable text) as table",
        "the directory of a Windows domain", _EXPORT),
    Unavailable("AdobeAnalytics.Cubes(optional options as nullable record) as table", "Adobe Analytics", _REST),
    Unavailable("AdoDotNet.DataSource(providerName as text, connectionString as any, optional options as nullable"
        " record) as table", "a data provider of .NET", _ODBC),
    Unavailable("AdoDotNet.Query(providerName as text, connectionString as any, query as text, optional options as"
        " nullable record) as table", "a data provider of .NET", _ODBC),
    Unavailable(f"AnalysisServices.Database(server as text, database as text, {_OPTIONS}) as table",
        "SQL Server Analysis Services", _CUBE),
    Unavailable(f"AnalysisServices.Databases(server as text, {_OPTIONS}) as table",
        "SQL Server Analysis Services", _CUBE),
    Unavailable(f"AzureStorage.BlobContents(url as text, {_OPTIONS}) as binary", "Azure Blob Storage", _STORAGE),
    Unavailable(f"AzureStorage.Blobs(account as text, {_OPTIONS}) as table", "Azure Blob Storage", _STORAGE),
    Unavailable(f"AzureStorage.DataLake(endpoint as text, {_OPTIONS}) as table", "Azure Data Lake Storage", _STORAGE),
    Unavailable(f"AzureStorage.DataLakeContents(url as text, {_OPTIONS}) as binary",
        "Azure Data Lake Storage", _STORAGE),
    Unavailable(f"AzureStorage.Tables(account as text, {_OPTIONS}) as table", "Azure Table Storage",
        "Read the table with Web.Contents and a signed address: the service answers in JSON."),
    Unavailable("Cube.AddAndExpandDimensionColumn(cube as table, dimensionSelector as any, attributeNames as list,"
        " optional newColumnNames as any) as table", "a cube", _CUBE),
    Unavailable("Cube.AddMeasureColumn(cube as table, column as text, measureSelector as any) as table",
        "a cube", _CUBE),
    Unavailable("Cube.ApplyParameter(cube as table, parameter as any, optional arguments as nullable list) as table",
        "a cube", _CUBE),
    Unavailable("Cube.AttributeMemberId(attribute as any) as any", "a cube", _CUBE),
    Unavailable("Cube.AttributeMemberProperty(attribute as any, propertyName as text) as any", "a cube", _CUBE),
    Unavailable("Cube.CollapseAndRemoveColumns(cube as table, columnNames as list) as table", "a cube", _CUBE),
    Unavailable("Cube.Dimensions(cube as table) as table", "a cube", _CUBE),
    Unavailable("Cube.DisplayFolders(cube as table) as table", "a cube", _CUBE),
    Unavailable("Cube.MeasureProperties(cube as table) as table", "a cube", _CUBE),
    Unavailable("Cube.MeasureProperty(measure as any, propertyName as text) as any", "a cube", _CUBE),
    Unavailable("Cube.Measures(cube as any) as table", "a cube", _CUBE),
    Unavailable("Cube.Parameters(cube as table) as table", "a cube", _CUBE),
    Unavailable("Cube.Properties(cube as table) as table", "a cube", _CUBE),
    Unavailable("Cube.PropertyKey(property as any) as any", "a cube", _CUBE),
    Unavailable("Cube.ReplaceDimensions(cube as table, dimensions as any) as table", "a cube", _CUBE),
    Unavailable("Cube.Transform(cube as table, transforms as list) as table", "a cube", _CUBE),
    Unavailable(f"Essbase.Cubes(url as text, {_OPTIONS}) as table", "Oracle Essbase", _CUBE),
    Unavailable("Exchange.Contents(optional mailboxAddress as nullable text) as table", "Microsoft Exchange", _REST),
    Unavailable("FabricAI.Prompt(input as text, optional context as any) as text", "the language models of Fabric",
        "Register a model in a workspace and call it as a function, or call a model's service with Web.Contents."),
    Unavailable("GoogleAnalytics.Accounts(optional options as nullable record) as table", "Google Analytics", _REST),
    Unavailable("HdInsight.Containers(account as text) as table", "Azure HDInsight", _HADOOP),
    Unavailable("HdInsight.Contents(account as text) as table", "Azure HDInsight", _HADOOP),
    Unavailable("HdInsight.Files(account as text, containerName as text) as table", "Azure HDInsight", _HADOOP),
    Unavailable(f"OleDb.DataSource(connectionString as any, {_OPTIONS}) as table", "an OLE DB provider of Windows",
        _ODBC),
    Unavailable(f"OleDb.Query(connectionString as any, query as text, {_OPTIONS}) as table",
        "an OLE DB provider of Windows", _ODBC),
    Unavailable(f"Salesforce.Data(optional loginUrl as any, {_OPTIONS}) as table", "Salesforce", _REST),
    Unavailable(f"Salesforce.Reports(optional loginUrl as nullable text, {_OPTIONS}) as table", "Salesforce", _REST),
    Unavailable("SapBusinessWarehouse.Cubes(server as text, systemNumberOrSystemId as text, clientId as text, optional"
        f" optionsOrLogonGroup as any, {_OPTIONS}) as table", "SAP Business Warehouse", _EXPORT),
    Unavailable(f"SharePoint.Contents(url as text, {_OPTIONS}) as table", "SharePoint", _DOWNLOAD),
    Unavailable(f"SharePoint.Files(url as text, {_OPTIONS}) as table", "SharePoint", _DOWNLOAD),
    Unavailable(f"SharePoint.Tables(url as text, {_OPTIONS}) as table", "SharePoint", _ODATA),
)  # fmt: skip


def _declare(one: Unavailable) -> None:
    def unavailable(*_arguments: Value) -> Value:
        raise MError(
            "DataSource.NotFound",
            f"{one.name} reaches {one.reaches}, which Headwater has no connector for.",
            hint=one.instead,
            code="m.unavailable",
        )

    # The declaration takes a function's documentation from its docstring.
    unavailable.__doc__ = f"Not available: reaches {one.reaches}. {one.instead}"
    function(one.signature)(unavailable)


for _one in UNAVAILABLE:
    _declare(_one)

enumeration(
    "SapBusinessWarehouseExecutionMode",
    {"BasXml": 64, "BasXmlGzip": 65, "DataStream": 66},
    summary="How SAP Business Warehouse hands out the rows of a query.",
)
enumeration(
    "SapHanaDistribution",
    {"Off": 0, "Connection": 1, "Statement": 2, "All": 3},
    summary="What SAP HANA distributes over its servers.",
)
enumeration(
    "SapHanaRangeOperator",
    {
        "GreaterThan": 0,
        "LessThan": 1,
        "GreaterThanOrEquals": 2,
        "LessThanOrEquals": 3,
        "Equals": 4,
        "NotEquals": 5,
        "Between": 6,
    },
    summary="How a parameter of SAP HANA limits a range.",
)
enumeration(
    "LimitClauseKind",
    {"None": 0, "Top": 1, "LimitOffset": 2, "Limit": 3, "AnsiSql2008": 4},
    summary="How the SQL of an ODBC driver takes the first rows.",
)
constant(
    "ODataOmitValues.Type",
    t.PrimitiveType("text", "ODataOmitValues.Type"),
    summary="Which values an OData service may leave out of its answers.",
)
constant("ODataOmitValues.Nulls", "nulls", summary="Nulls may be left out, a value of ODataOmitValues.Type.")
