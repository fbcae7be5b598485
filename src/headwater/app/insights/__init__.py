"""What the catalog and the use of models come to: counted now, and day by day; each of what may be seen."""

from headwater.app.insights.service import Insights

__all__ = ["Insights"]
