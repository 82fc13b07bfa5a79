# The bot in one small image: no compiler, no root, nothing written outside /data.
FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /app
COPY requirements.txt .
RUN python -m venv /venv \
    && /venv/bin/python -m pip install --quiet --require-hashes --only-binary :all: -r requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY responses/LICENSE responses/LICENSE
RUN /venv/bin/python -m pip install --quiet --no-deps --no-build-isolation -e .

FROM python:3.11-slim-bookworm
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    BOT_HOST=0.0.0.0 BOT_PORT=8080 BOT_DATA_DIR=/data BOT_CONTENT_DIR=/app BOT_LOG=json
RUN groupadd --system --gid 10001 bot && useradd --system --uid 10001 --gid bot --home-dir /data --shell /usr/sbin/nologin bot \
    && install -d -o bot -g bot /data
COPY --from=build /venv /venv
WORKDIR /app
COPY --from=build /app /app
COPY intents intents
COPY responses responses
COPY locales locales
USER bot
VOLUME /data
EXPOSE 8080
# The first start trains the model; the port opens when the bot can answer.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30m --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ[\"BOT_PORT\"]}/health', timeout=4)"]
STOPSIGNAL SIGTERM
CMD ["bot", "run"]
