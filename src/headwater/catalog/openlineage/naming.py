"""What the datasets and jobs of OpenLineage are called here."""

from __future__ import annotations

from headwater.catalog import names
from headwater.catalog.records import AssetRef
from headwater.errors import UsageError

__all__ = ["KNOWN_TYPES", "dataset_name_of", "job_ref"]

#: What a dataset's name may be that of, beside a dataset: it is then that asset, and no other is made of it.
KNOWN_TYPES = ("dataflow_table", "ml_model_version", "dataflow", "dataset")


def dataset_name_of(namespace: str, name: str) -> str:
    """The qualified name of a dataset, by the rules that scans and dataflows name it by.

    Raises:
        UsageError: the two make no address (``openlineage.event``).

    >>> dataset_name_of("file", "/data/flights 2013.csv")
    'file:///data/flights%202013.csv'
    >>> dataset_name_of("postgres://db:5432", "shop.public.orders")
    'postgres://db:5432/shop.public.orders'
    >>> dataset_name_of("s3a://bucket", "/raw/a.parquet"), dataset_name_of("bigquery", "lab.sales.orders")
    ('s3://bucket/raw/a.parquet', 'bigquery:lab.sales.orders')
    >>> dataset_name_of("food delivery", "orders#1")
    'food delivery:orders%231'
    """
    place, within = namespace.strip(), name.strip()
    try:
        if place in {"file", "file:", "file://"}:
            found = names.dataset_name("/" + within.removeprefix("file://").lstrip("/"))
        elif "://" in place:
            found = names.dataset_name(f"{place.rstrip('/')}/{within.lstrip('/')}")
        else:
            # What a name says after a hash would be taken for a column's.
            found = f"{place}:{within.replace('#', '%23')}"
    except ValueError as error:
        raise UsageError(
            "A dataset's namespace is no address.",
            code="openlineage.event",
            hint="Name datasets as OpenLineage's naming rules say.",
        ) from error
    return found or f"{place}:{within}"


def job_ref(namespace: str, name: str) -> AssetRef:
    """The asset that a job is.

    >>> job_ref("airflow", "daily/load").qualified_name
    'openlineage:airflow/jobs/daily%2Fload'
    """
    return AssetRef("openlineage_job", f"openlineage:{names.segment(namespace)}/jobs/{names.segment(name)}")
