# docker build -t albacore . && docker run -p 8080:8080 -v ./my-site:/etc/albacore:ro -v albacore:/var/lib/albacore albacore
FROM python:3.11-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY rules rules
COPY lb lb
COPY idp idp
RUN python -m venv /opt/albacore && /opt/albacore/bin/pip install --no-cache-dir .

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/albacore --create-home --shell /usr/sbin/nologin albacore
COPY --from=build /opt/albacore /opt/albacore
ENV PATH=/opt/albacore/bin:$PATH PYTHONUNBUFFERED=1 ALBACORE_DATA=/var/lib/albacore
USER albacore
WORKDIR /var/lib/albacore
VOLUME /var/lib/albacore
EXPOSE 8080 9000
STOPSIGNAL SIGTERM
ENTRYPOINT ["albacore"]
CMD ["run", "/etc/albacore/albacore.yaml"]
