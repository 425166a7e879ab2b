# The register as an image: locked dependencies with their hashes, no root, data below /data.
FROM python:3.13-slim AS build
COPY requirements.lock /
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes -r /requirements.lock

FROM python:3.13-slim
RUN useradd --system --uid 10001 tracker && install -d -o tracker /data
COPY --from=build /venv /venv
WORKDIR /tracker
COPY app app
COPY migrations migrations
COPY seed seed
COPY alembic.ini pyproject.toml README.md LICENSE ./
RUN /venv/bin/pip install --no-cache-dir --no-deps --editable .
USER tracker
ENV PATH=/venv/bin:$PATH TRACKER_DATA_DIR=/data TRACKER_HOST=0.0.0.0 \
    TRACKER_DATABASE_URL=sqlite:////data/tracker.db
VOLUME /data
EXPOSE 8000
CMD ["tracker", "serve"]
