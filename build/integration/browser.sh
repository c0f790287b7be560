#!/usr/bin/env bash
# Debian's chromium, and what it says of a page: a screenshot, messages of the console, requests that left the page. To be
# sourced, behind build/integration/debian.sh.
#   CHROMIUM=FILE   a Chromium or Chrome of your own in place of Debian's

CHROMIUM_ROOT=${CHROMIUM_ROOT:-${XDG_CACHE_HOME:-${HOME:?}/.cache}/arcface-chromium}

set_up_chromium() {
  if [ -n "${CHROMIUM:-}" ]; then return 0; fi
  if command -v chromium >/dev/null; then
    CHROMIUM=$(command -v chromium)
    return 0
  fi
  [ -e "$CHROMIUM_ROOT/complete" ] || unpack_debian_13 "$CHROMIUM_ROOT" chromium fonts-dejavu-core || return 1
  # The interpreter of programs is the machine's own, so its C library must be, too; build/setup.sh saw to a new one.
  local libraries=$CHROMIUM_ROOT/root/usr/lib/x86_64-linux-gnu
  rm -f "$libraries"/lib{c,m,dl,rt,pthread,resolv}.so.* "$libraries"/ld-linux-x86-64.so.2
  CHROMIUM=$CHROMIUM_ROOT/chromium
  cat >"$CHROMIUM" <<LAUNCHER
#!/bin/sh
export LD_LIBRARY_PATH="$libraries" FONTCONFIG_PATH="$CHROMIUM_ROOT/root/etc/fonts" XDG_DATA_DIRS="$CHROMIUM_ROOT/root/usr/share"
exec "$CHROMIUM_ROOT/root/usr/lib/chromium/chromium" "\$@"
LAUNCHER
  chmod +x "$CHROMIUM"
}

# Opens a page without a display. Everything that it asked the network for stands in PAGE.network.json.
# Usage: browse PAGE WIDTH,HEIGHT [more options of chromium]
browse() {
  local page=$1 size=$2
  shift 2
  timeout 120 "$CHROMIUM" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --hide-scrollbars --no-first-run \
    --disable-background-networking --disable-component-update --disable-sync --disable-default-apps --disable-extensions \
    --user-data-dir="$(dirname "$page")/profile" --enable-logging=stderr --v=0 --window-size="$size" \
    --host-resolver-rules="MAP * ~NOTFOUND" --log-net-log="$page.network.json" --net-log-capture-mode=Everything "$@" "file://$page" 2>"$page.log"
}

# What a page asked for. The log has an event a line; the browser's own requests (updates, the time) have no origin.
requests_of_page() {
  grep -E '"initiator":"' "$1.network.json" | grep -v '"initiator":"not an origin"' | grep -oE '"url":"[^"]*"' | grep -v '"url":"data:' | sort -u || true
}

# A line for each thing that a report must do in a browser.
check_report() {
  local page=$1 name asked
  name=$(basename "$page")
  if [ ! -s "$page" ]; then
    echo "not ok: $name was not written"
    return
  fi
  if ! browse "$page" 1200,4200 --screenshot="$page.png" >/dev/null; then
    echo "not ok: chromium opens $name: $(tail -1 "$page.log")"
    return
  fi
  # An empty page of that size takes less than 30 KB.
  if [ "$(stat -c %s "$page.png")" -gt 100000 ]; then echo "ok: chromium shows $name"; else echo "not ok: the screenshot of $name is nearly empty"; fi
  if grep -q CONSOLE "$page.log"; then echo "not ok: the console of $name: $(grep -m 3 CONSOLE "$page.log" | tr '\n' ' ')"; else echo "ok: no message on the console of $name"; fi
  asked=$(requests_of_page "$page" | grep -vF "\"url\":\"file://$page\"" || true)
  if [ -z "$asked" ]; then echo "ok: $name asks the network for nothing"; else echo "not ok: $name asked for $(head -3 <<<"$asked" | tr '\n' ' ')"; fi
}

# The checks above see a request and a message where there are some.
check_browser() {
  local page=$1/control.html
  echo '<img src="http://127.0.0.1:9/picture.png"><script>console.error("seen")</script>' >"$page"
  browse "$page" 300,300 --screenshot="$page.png" >/dev/null || true
  if requests_of_page "$page" | grep -q '127.0.0.1:9/picture.png' && grep -q 'CONSOLE.*seen' "$page.log"; then
    echo "ok: a request and a message of another page are seen"
  else
    echo "not ok: a request or a message of another page was not seen, so that the checks of the reports say nothing: $(tail -1 "$page.log")"
  fi
}
