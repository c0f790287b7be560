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
export LD_LIBRARY_PATH="$libraries:$libraries/pulseaudio" FONTCONFIG_PATH="$CHROMIUM_ROOT/root/etc/fonts" XDG_DATA_DIRS="$CHROMIUM_ROOT/root/usr/share"
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

# A page that shows another one in a frame of a width that windows do not have, and measures it: what is wider than its place,
# and words of tables that are broken where they have no hyphen. Names of more than 22 letters without a space may break.
# Usage: frame PAGE WIDTH HEIGHT
frame() {
  cat >"$1.$2.html" <<FRAME
<body style="margin:0"><iframe src="$(basename "$1")" style="width:$2px;height:$3px;border:0;display:block"></iframe><pre id="layout"></pre>
<script>
frames[0].addEventListener('load', () => {
  const page = frames[0].document, faults = [];
  const name = element => element.tagName + (element.id ? '#' + element.id : '') + ' ' + element.textContent.trim().slice(0, 30).replace(/\\s+/g, ' ');
  for (const element of [page.documentElement, ...page.querySelectorAll('.table, figure, .card, .pair, section')])
    if (element.scrollWidth > element.clientWidth + 1) faults.push('wider than its place: ' + name(element));
  const range = page.createRange();
  for (const cell of page.querySelectorAll('table:not(.facts table) th, table:not(.facts table) td, dt')) {
    const texts = page.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const isName = texts.currentNode.parentElement.closest('bdi');
      for (const word of texts.currentNode.data.matchAll(/[^\\s\\-\\u2013]+/g)) {
        if (isName && word[0].length > 22) continue;
        range.setStart(texts.currentNode, word.index);
        range.setEnd(texts.currentNode, word.index + word[0].length);
        if (new Set([...range.getClientRects()].map(part => Math.round(part.top))).size > 1) faults.push('broken word: ' + word[0]);
      }
    }
  }
  const rates = page.querySelector('#rates');
  const height = rates ? Math.round(rates.getBoundingClientRect().height) : 0;
  if (height > 900) faults.push('the rates take more than a telephone\'s screen');
  document.getElementById('layout').textContent = 'layout measured, rates ' + height + ' px: ' + (faults.length ? faults.slice(0, 5).join('; ') : 'no fault');
});
</script>
FRAME
}

# Measures a page at a width.
# Usage: layout_of PAGE WIDTH
layout_of() {
  frame "$1" "$2" 900
  browse "$1.$2.html" "1500,1000" --allow-file-access-from-files --virtual-time-budget=20000 --dump-dom | grep -oE 'layout measured, rates [0-9]+ px: [^<]*'
}

# A line for each thing that a report must do in a browser.
check_report() {
  local page=$1 name asked
  name=$(basename "$page")
  if [ ! -s "$page" ]; then
    echo "not ok: $name was not written"
    return
  fi
  if ! browse "$page" 1400,5200 --screenshot="$page.png" >/dev/null; then
    echo "not ok: chromium opens $name: $(tail -1 "$page.log")"
    return
  fi
  # An empty page of that size takes less than 30 KB.
  if [ "$(stat -c %s "$page.png")" -gt 100000 ]; then echo "ok: chromium shows $name"; else echo "not ok: the screenshot of $name is nearly empty"; fi
  local width layout
  for width in 1400 400; do
    layout=$(layout_of "$page" "$width")
    if [[ "$layout" == *": no fault" ]]; then echo "ok: nothing of $name is cut off or broken at $width pixels ($layout)"; else echo "not ok: $name at $width pixels: ${layout:-not measured}"; fi
  done
  frame "$page" 400 9000
  browse "$page.400.html" 500,9000 --allow-file-access-from-files --screenshot="$page.400.png" >/dev/null || true
  if [ "$(stat -c %s "$page.400.png" 2>/dev/null || echo 0)" -gt 100000 ]; then echo "ok: chromium shows $name at 400 pixels"; else echo "not ok: the screenshot of $name at 400 pixels is nearly empty"; fi
  browse "$page" 1400,5200 --screenshot="$page.png" >/dev/null || true
  if grep -q CONSOLE "$page.log"; then echo "not ok: the console of $name: $(grep -m 3 CONSOLE "$page.log" | tr '\n' ' ')"; else echo "ok: no message on the console of $name"; fi
  asked=$(requests_of_page "$page" | grep -vF "\"url\":\"file://$page\"" || true)
  if [ -z "$asked" ]; then echo "ok: $name asks the network for nothing"; else echo "not ok: $name asked for $(head -3 <<<"$asked" | tr '\n' ' ')"; fi
}

# The checks above see a request, a message and a fault of the layout where there are some.
check_browser() {
  local narrow=$1/narrow.html layout
  echo '<div class="table" style="overflow-x:auto"><table><tr><td style="white-space:nowrap">A line of a table that is far wider than a telephone is, and hides its last column</td></tr></table></div><table><tr><td style="width:40px;overflow-wrap:anywhere">Unbreakable</td></tr></table>' >"$narrow"
  layout=$(layout_of "$narrow" 400)
  if [[ "$layout" == *"wider than its place"*"broken word: Unbreakable"* ]]; then echo "ok: a hidden column and a broken word of another page are seen"; else echo "not ok: a hidden column or a broken word was not seen: $layout"; fi
  local page=$1/control.html
  echo '<img src="http://127.0.0.1:9/picture.png"><script>console.error("seen")</script>' >"$page"
  browse "$page" 300,300 --screenshot="$page.png" >/dev/null || true
  if requests_of_page "$page" | grep -q '127.0.0.1:9/picture.png' && grep -q 'CONSOLE.*seen' "$page.log"; then
    echo "ok: a request and a message of another page are seen"
  else
    echo "not ok: a request or a message of another page was not seen, so that the checks of the reports say nothing: $(tail -1 "$page.log")"
  fi
}
