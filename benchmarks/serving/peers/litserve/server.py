"""An API of LitServe: port, workers, rows of a batch, seconds to wait for one."""

import os
import pickle
import sys
from pathlib import Path

import litserve
import numpy as np
import pandas as pd


class Api(litserve.LitAPI):
    def setup(self, device):
        self.model = pickle.loads(Path(os.environ["MODEL_FILE"]).read_bytes())
        self.names = getattr(self.model, "feature_names_in_", None)

    def decode_request(self, request):
        rows = request["rows"]
        return np.array(rows) if self.names is None else pd.DataFrame(rows)[self.names]

    def batch(self, inputs):
        return inputs

    def predict(self, requests):
        ends = np.cumsum([len(rows) for rows in requests])
        together = np.concatenate(requests) if self.names is None else pd.concat(requests)
        return np.split(self.model.predict(together), ends[:-1])

    def unbatch(self, output):
        return output

    def encode_response(self, output):
        return {"predictions": output.tolist()}


if __name__ == "__main__":
    port, workers, rows, seconds = sys.argv[1:]
    api = Api(max_batch_size=int(rows), batch_timeout=float(seconds))
    server = litserve.LitServer(
        api, accelerator="cpu", workers_per_device=int(workers), timeout=60, fast_queue=True
    )
    server.run(
        host="127.0.0.1",
        port=int(port),
        num_api_servers=int(workers),
        generate_client_file=False,
        log_level="warning",
    )
