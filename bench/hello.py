"""The unit of every ratio: a FastAPI route that returns a dict."""

from fastapi import FastAPI

app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)


@app.get("/hello")
async def hello() -> dict[str, str]:
    return {"hello": "world"}
