#!/usr/bin/env bash
# PostgreSQL 17 with pgvector of Debian 13, in a folder of its own: apt fetches the packages from the archive that this machine
# already uses, and they are unpacked, not installed, so nothing on the machine changes. The server listens on a socket in its
# own folder only. To be sourced, behind build/integration/python.sh.

readonly POSTGRES_PACKAGES="postgresql-17 postgresql-17-pgvector"
# The server refuses to run as root: root starts it as nobody, who must be able to read the folder.
if [ "$(id -u)" = 0 ]; then
  POSTGRES_ROOT=${POSTGRES_ROOT:-/var/tmp/arcface-integration-postgres}
else
  POSTGRES_ROOT=${POSTGRES_ROOT:-${XDG_CACHE_HOME:-${HOME:?}/.cache}/arcface-integration-postgres}
fi

unpack_postgres() {
  # shellcheck disable=SC2086  # names of packages
  unpack_debian_13 "$POSTGRES_ROOT" $POSTGRES_PACKAGES || return 1
  [ -e "$POSTGRES_ROOT/root/usr/share/postgresql/17/extension/vector.control" ] || { say "Debian 13's archive lacks pgvector."; return 1; }
  chmod -R a+rX "$POSTGRES_ROOT"
  touch "$POSTGRES_ROOT/complete"
}

# Runs a program of PostgreSQL with its own libraries, as somebody who may.
postgres_program() {
  local program=$1 as_nobody=()
  shift
  if [ "$(id -u)" = 0 ]; then as_nobody=(setpriv --reuid=nobody --regid=nogroup --clear-groups); fi
  LD_LIBRARY_PATH="$POSTGRES_ROOT/root/usr/lib/x86_64-linux-gnu" LC_ALL=C "${as_nobody[@]}" "$POSTGRES_ROOT/root/usr/lib/postgresql/17/bin/$program" "$@"
}

# Starts a server with an empty database in a folder that must not exist, and prints how Npgsql reaches it.
start_postgres() {
  local folder=$1
  if [ ! -e "$POSTGRES_ROOT/complete" ]; then unpack_postgres >&2 || return 1; fi
  mkdir -p "$folder"
  if [ "$(id -u)" = 0 ]; then chown nobody:nogroup "$folder"; fi
  (
    cd "$folder"
    postgres_program initdb --pgdata="$folder/data" --auth=trust --username=arcface --no-sync --no-instructions &&
      postgres_program pg_ctl --pgdata="$folder/data" --wait --log="$folder/log" \
        --options="-c listen_addresses='' -c unix_socket_directories='$folder' -c fsync=off -c jit=off" start
  ) >"$folder.setup" 2>&1 </dev/null || { tail -5 "$folder.setup" "$folder/log" >&2; return 1; }
  echo "Host=$folder;Username=arcface;Database=postgres"
}

stop_postgres() {
  if [ -e "$1/data/postmaster.pid" ]; then postgres_program pg_ctl --pgdata="$1/data" --mode=immediate stop >/dev/null; fi
}
