"""The connector to one model that MLflow serves (``mlflow models serve``)."""

from headwater.workspaces.mlflow_serving.connector import MLflowServingConnector

__all__ = ["MLflowServingConnector"]
