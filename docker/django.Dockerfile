# syntax=docker/dockerfile:1
# The Django Channels site of examples/django_project under Daphne. From the root of the repository:
#
#   docker build -f docker/django.Dockerfile -t laureola-django .

FROM python:3.12-slim-bookworm
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /site
COPY examples/django_project/requirements.txt .
RUN --mount=type=cache,target=/root/.cache/pip pip install -r requirements.txt
COPY examples/django_project .
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin site
USER site
EXPOSE 8001
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8001 && printf 'GET / HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3 && read -r -t 2 _ status _ <&3 && [[ $status == 200 ]]"]
CMD ["daphne", "-b", "0.0.0.0", "-p", "8001", "mysite.asgi:application"]
