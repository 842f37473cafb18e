# Targets: `base` holds Python's packages and the framework; `algorithm` adds container/; in
# `pipeline` the jobs of GitLab run. All stand on `runtime`, and code comes after packages, so that a changed line pushes kilobytes.
# SOURCE_DATE_EPOCH makes bytecode carry its source's hash: the same on every build, never stale.
ARG BASE_IMAGE=python:3.11-slim-bookworm

FROM ${BASE_IMAGE} AS runtime
ENV SAGEMAKER_BASE_DIR=/opt/ml \
    ALGORITHM_DIR=/opt/program \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
LABEL com.amazonaws.sagemaker.capabilities.accept-bind-to-port="true"
COPY framework/requirements.txt /opt/framework/framework/requirements.txt
RUN SOURCE_DATE_EPOCH=0 pip install --no-cache-dir --only-binary :all: --require-hashes \
        --requirement /opt/framework/framework/requirements.txt \
 && find /usr/local/lib/python3*/site-packages -type d -name tests -prune -exec rm -r {} + \
 && python -c "import pathlib, sysconfig; pathlib.Path(sysconfig.get_path('purelib'), 'framework.pth').write_text('/opt/framework')" \
 && for command in train serve; do \
        printf '#!/bin/sh\nexec python -m framework %s "$@"\n' "$command" > "/usr/local/bin/$command" \
     && chmod 755 "/usr/local/bin/$command" || exit 1; \
    done \
 && mkdir -m 777 /opt/ml
WORKDIR /opt/program
ENTRYPOINT ["python", "-m", "framework"]

FROM runtime AS base
COPY framework /opt/framework/framework
RUN chmod -R a+rX /opt/framework \
 && SOURCE_DATE_EPOCH=0 python -m compileall -q /opt/framework
ARG GIT_COMMIT=""
ENV GIT_COMMIT=${GIT_COMMIT}
LABEL org.opencontainers.image.revision="${GIT_COMMIT}"

FROM runtime AS algorithm
COPY container/requirements.txt /opt/program/requirements.txt
RUN SOURCE_DATE_EPOCH=0 pip install --no-cache-dir --only-binary :all: --require-hashes \
        --requirement /opt/program/requirements.txt \
 && find /usr/local/lib/python3*/site-packages -type d -name tests -prune -exec rm -r {} +
COPY --from=base /opt/framework /opt/framework
COPY container /opt/program
RUN chmod -R a+rX /opt/program \
 && SOURCE_DATE_EPOCH=0 python -m compileall -q /opt/program
ARG GIT_COMMIT=""
ENV GIT_COMMIT=${GIT_COMMIT}
LABEL org.opencontainers.image.revision="${GIT_COMMIT}"

# Debian's own docker client, without its daemon; apt verifies both packages by signature.
FROM runtime AS pipeline
WORKDIR /tmp
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates git \
 && apt-get download docker.io \
 && dpkg-deb --extract docker.io_*.deb docker.io \
 && mv docker.io/usr/bin/docker /usr/local/bin \
 && rm -r docker.io* /var/lib/apt/lists/* \
 && git config --system --add safe.directory '*'
COPY ci/requirements.txt /opt/framework/ci/requirements.txt
COPY local_test/requirements.txt /opt/framework/local_test/requirements.txt
RUN pip install --no-cache-dir --only-binary :all: --require-hashes \
        --requirement /opt/framework/ci/requirements.txt \
        --requirement /opt/framework/local_test/requirements.txt
COPY --from=base /opt/framework /opt/framework
COPY ci /opt/framework/ci
COPY local_test /opt/framework/local_test
RUN chmod -R a+rX /opt/framework \
 && SOURCE_DATE_EPOCH=0 python -m compileall -q /opt/framework
WORKDIR /
ENTRYPOINT []
CMD ["bash"]
ARG GIT_COMMIT=""
ENV GIT_COMMIT=${GIT_COMMIT}
LABEL org.opencontainers.image.revision="${GIT_COMMIT}"
