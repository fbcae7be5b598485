"""The connector to MLflow tracking servers (3.x)."""

from headwater.workspaces.mlflow.connector import MLflowConnector

__all__ = ["MLflowConnector"]
