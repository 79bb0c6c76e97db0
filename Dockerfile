# The exporter in a container, beside Hermes: docs/containers.md.
#   docker build --tag hermes-exporter .
FROM python:3.13.11-slim-trixie AS build
COPY . /src
# wheels only: nothing is compiled, and no compiler is needed
RUN python -m venv --without-pip /opt/hermes-exporter \
    && pip --python /opt/hermes-exporter/bin/python install --no-cache-dir --only-binary=:all: /src

FROM python:3.13.11-slim-trixie
LABEL org.opencontainers.image.title="hermes-exporter" \
    org.opencontainers.image.source="https://github.com/hermes-exporter/hermes_exporter" \
    org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/hermes-exporter /opt/hermes-exporter
# for whichever user the container is run as
RUN install --directory --mode=1777 /state
# the home where Hermes' own image has it; every address, for a container's loopback is its own: what is published decides
ENV HERMES_HOME=/opt/data \
    HERMES_EXPORTER_STATE_PATH=/state/memory.db \
    HERMES_EXPORTER_WEB_LISTEN_ADDRESS=0.0.0.0:19119 \
    PYTHONDONTWRITEBYTECODE=1
VOLUME /state
EXPOSE 19119
# that of Hermes' own image
USER 10000:10000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["/opt/hermes-exporter/bin/python", "-c", "import http.client as h; c = h.HTTPConnection('127.0.0.1', 19119, timeout=4); c.request('GET', '/-/healthy'); raise SystemExit(c.getresponse().status != 200)"]
ENTRYPOINT ["/opt/hermes-exporter/bin/hermes-exporter"]
CMD ["serve"]
