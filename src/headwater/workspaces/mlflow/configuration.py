"""Where an MLflow server is, taken apart."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from headwater.net import parse_origin

__all__ = ["MLflowConfiguration"]


@dataclass(frozen=True, slots=True)
class MLflowConfiguration:
    """An MLflow server's address.

    Attributes:
        origin: ``scheme://host[:port]``.
        prefix: the path it is mounted under; empty at the root.
        qualified_name: what the names of all it holds start with.
    """

    origin: str
    prefix: str
    qualified_name: str

    @classmethod
    def from_url(cls, url: str) -> MLflowConfiguration:
        """Take the address of a tracking server apart.

        Raises:
            UsageError: not an http(s) address, or one with a user name or password in it.

        >>> MLflowConfiguration.from_url("https://ml.example.com/mlflow/")
        MLflowConfiguration(origin='https://ml.example.com', prefix='/mlflow',
                            qualified_name='mlflow://ml.example.com:443/mlflow')
        """
        origin = parse_origin(url)
        prefix = urlsplit(url.strip()).path.rstrip("/")
        return cls(str(origin), prefix, f"mlflow://{origin.netloc}{prefix}")

    @property
    def url(self) -> str:
        return self.origin + self.prefix
