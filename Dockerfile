# One image, several commands: web (default), worker, projector. See compose.yaml and docs/operations.md.
FROM python:3.12-slim AS packages
COPY requirements/base.txt /tmp/base.txt
# Without pip: nothing is installed into it later.
RUN python -m venv --without-pip /opt/venv \
 && python -m pip --python /opt/venv/bin/python install --no-cache-dir --no-deps --require-hashes -r /tmp/base.txt

FROM python:3.12-slim
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    MEDIABUYER_VAR=/var/lib/mediabuyer
RUN useradd --system --uid 10001 --home-dir /app mediabuyer \
 && install -d -o mediabuyer -g mediabuyer -m 0700 /var/lib/mediabuyer /var/lib/mediabuyer/media
COPY --from=packages /opt/venv /opt/venv
WORKDIR /app
COPY . .
# By root, so that the program can change neither its code nor what it serves, but may read it whatever the umask of
# whoever cloned it. Bytecode, because it can leave none later.
# The key is used by nothing that lasts: collecting static files only needs settings that load.
RUN chmod -R a+rX . \
 && python -m compileall -q . \
 && SECRET_KEY=building DATABASE_URL=postgresql://nobody@localhost/none python manage.py collectstatic --no-input
USER mediabuyer
EXPOSE 8000
# No access log: addresses that reset a password or invite somebody are secrets. The proxy in front may keep one.
CMD ["gunicorn", "mediabuyer.wsgi:application", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", \
     "--workers", "2", "--threads", "8", "--timeout", "60", "--graceful-timeout", "20", "--no-control-socket", \
     "--limit-request-line", "8190", "--worker-tmp-dir", "/dev/shm"]
