# One image for all: `docker run` starts the whole site with SQLite in /data, docker-compose.yml takes it apart.
# What seldom changes comes first, so that a change of the code makes one small layer.
ARG PYTHON=3.13
FROM python:${PYTHON}-slim

ENV PYTHONUNBUFFERED=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore \
    HOME=/tmp \
    PLAYGROUND_DATA=/data \
    PLAYGROUND_LISTEN=0.0.0.0
WORKDIR /app

# Without TORCH_INDEX it is PyTorch's usual build, which brings its own CUDA. An index that cannot be reached is
# passed over by pip, after some tries.
ARG TORCH_INDEX=""
COPY requirements.txt .
RUN pip install torch -c requirements.txt ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"}
# A layer of its own: the other packages change more often than PyTorch.
# hadolint ignore=DL3059
RUN pip install -r requirements.txt

COPY . .
RUN install -d -o 1000 -g 1000 /data
USER 1000:1000
EXPOSE 8000
CMD ["python", "manage.py", "run"]
