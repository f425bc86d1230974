// Server-sent events that reconnect after the server restarts. The page's header shows the state of the connection.

import { setText } from "./dom.js";
import { refreshSession } from "./session.js";

const words = { off: "", connecting: "connecting …", live: "live", reconnecting: "reconnecting …" };

function show(state) {
  const badge = document.getElementById("live");
  if (badge.dataset.state !== state) badge.dataset.state = state;
  setText(badge, words[state]);
}

/**
 * Opens a stream. `handlers`, keyed by event name, receive the parsed data. `opened(isAgain)` is called whenever the
 * connection is established, so that missed data can be fetched.
 */
export function openStream(url, handlers, opened = () => {}) {
  let source = null;
  let timer = null;
  let hasOpened = false;
  let delay = 1000;
  let isClosed = false;

  const connect = () => {
    source = new EventSource(url);
    source.onopen = () => {
      delay = 1000;
      show("live");
      opened(hasOpened);
      hasOpened = true;
    };
    source.onerror = () => {
      show("reconnecting");
      // The browser reconnects by itself unless the server answered with an error status; then this code reconnects.
      if (source.readyState !== EventSource.CLOSED || isClosed) return;
      // The session may have ended. Then the page asks for the token.
      refreshSession().catch(() => {});
      clearTimeout(timer);
      timer = setTimeout(connect, delay);
      delay = Math.min(10000, delay * 1.6);
    };
    for (const [name, action] of Object.entries(handlers)) {
      source.addEventListener(name, (message) => {
        let data;
        try { data = JSON.parse(message.data); } catch { return; }
        action(data);
      });
    }
  };
  show("connecting");
  connect();
  return {
    close() {
      isClosed = true;
      clearTimeout(timer);
      source.close();
      show("off");
    },
  };
}
