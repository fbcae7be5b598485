"""What a scan brings in: lists of a workspace, compared with what the catalog has, as records to be written."""

from headwater.catalog.harvesting.comparing import Harvest, harvest
from headwater.catalog.harvesting.details import DetailsReport, fetch_details
from headwater.catalog.harvesting.listing import Listing, Progress, read_listing
from headwater.catalog.harvesting.stored import Stored, load_stored

__all__ = [
    "DetailsReport",
    "Harvest",
    "Listing",
    "Progress",
    "Stored",
    "fetch_details",
    "harvest",
    "load_stored",
    "read_listing",
]
