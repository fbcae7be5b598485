"""A model that MLflow serves, as ``mlflow models serve`` does.

``serve.py FOLDER`` makes it, serves it on a free port of loopback and prints the port.
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import Any


def main(folder: Path) -> None:
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    import uvicorn
    from mlflow.pyfunc import save_model, scoring_server
    from mlflow.pyfunc.model import PythonModel

    class Doubled(PythonModel):
        def predict(self, context: Any, model_input: Any, params: Any = None) -> list[float]:
            return [2 * float(value) for value in model_input["distance"]]

    save_model(folder / "model", python_model=Doubled(), pip_requirements=[])
    os.environ[scoring_server._SERVER_MODEL_PATH] = str(folder / "model")
    from mlflow.pyfunc.scoring_server.app import app

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        print(listener.getsockname()[1], flush=True)
        uvicorn.Server(uvicorn.Config(app, log_config=None)).run(sockets=[listener])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
