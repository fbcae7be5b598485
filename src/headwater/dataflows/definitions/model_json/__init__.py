"""Power BI's ``model.json``: a dataflow as its service exports and imports it.

What has no counterpart on the other side is not dropped in silence: both ways give notes that name it.
"""

from headwater.dataflows.definitions.model_json.reading import Imported, import_model
from headwater.dataflows.definitions.model_json.writing import Exported, export_model

__all__ = ["Exported", "Imported", "export_model", "import_model"]
