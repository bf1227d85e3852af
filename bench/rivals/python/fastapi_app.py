"""A ranking service on FastAPI, for uvicorn to serve:

    uvicorn fastapi_app:app --loop uvloop --http httptools --no-access-log --workers N

It answers with a Response that is already encoded, as FastAPI's guide to custom
responses advises for speed, and reads the body with orjson too. A pass takes less
than a hand-over to a thread would be worth, so it runs on the event loop, and the
cores are used by workers.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
from fastapi import FastAPI, Request, Response
from redis.asyncio import Redis

from ranking import Model, Settings, answer_of, keys_of, rows_of

settings = Settings.from_environment()


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.model = Model(settings)
    async with Redis(host=settings.redis_host, port=settings.redis_port) as app.state.redis:
        yield


app = FastAPI(lifespan=lifespan, openapi_url=None)


@app.get("/healthz")
async def healthz() -> Response:
    return Response()


@app.post("/rank")
async def rank(request: Request) -> Response:
    body = orjson.loads(await request.body())
    items = body["items"]
    values = await app.state.redis.mget(keys_of(body["user"], items))
    scores = app.state.model.score(rows_of(settings, values))
    return Response(answer_of(items, scores), media_type="application/json")
