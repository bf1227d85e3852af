"""A ranking service on LitServe, in the steps that its guide has, with its server
tuned as it says: ZeroMQ between the processes, and a worker for each core.

    RIVAL_LISTEN=127.0.0.1:8000 RIVAL_WORKERS=N python litserve_app.py

It makes no batches: with max_batch_size=8 requests cost a tenth less at best, and a
lone one waited for batch_timeout.
"""

from __future__ import annotations

import os
import signal

import litserve
import numpy as np
from fastapi import Response
from redis import Redis

from ranking import Model, Settings, answer_of, keys_of, rows_of

settings = Settings.from_environment()


class Ranking(litserve.LitAPI):
    def setup(self, device: str) -> None:
        self.model = Model(settings)
        self.redis = Redis(host=settings.redis_host, port=settings.redis_port)

    def decode_request(self, request):
        items = request["items"]
        return items, rows_of(settings, self.redis.mget(keys_of(request["user"], items)))

    def predict(self, x: tuple[list[str], np.ndarray]):
        items, rows = x
        return items, self.model.score(rows)

    def encode_response(self, output):
        return Response(answer_of(*output), media_type="application/json")


if __name__ == "__main__":
    # Ending in order is for an interrupt; SIGTERM left the other processes behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    host, _, port = os.environ["RIVAL_LISTEN"].rpartition(":")
    workers = int(os.environ["RIVAL_WORKERS"])
    server = litserve.LitServer(
        Ranking(api_path="/rank"),
        accelerator="cpu",
        workers_per_device=workers,
        fast_queue=True,
        healthcheck_path="/healthz",
        disable_openapi_url=True,
    )
    server.run(
        host=host,
        port=int(port),
        # As many as workers, the default, cost a tenth more: a request takes its server
        # less time than its worker.
        num_api_servers=max(1, workers // 2),
        log_level="warning",
        access_log=False,
        generate_client_file=False,
    )
