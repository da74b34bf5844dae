// The keyboard on the page of the timeline; the template's "strip-help" tells people of those for the strip.

const HOUR = 3_600_000; // ms

/**
 * Listen to the whole page. `actions` has what the buttons do by name, `move(ms)` moves on, `mark(which)` sets an end of
 * the range, `toEnd({last})` goes to an end of the day; nothing is done before `ready()`.
 */
export function listenForKeys({ actions, strip, move, mark, toEnd, ready }) {
  const keys = {
    " ": actions.play,
    ArrowUp: actions.previous,
    ArrowDown: actions.next,
    m: actions.sound,
    f: actions.fullscreen,
    "+": actions["zoom-in"],
    "=": actions["zoom-in"],
    "-": actions["zoom-out"],
    0: actions.whole,
    i: () => mark("from"),
    o: () => mark("to"),
    Escape: actions["range-close"],
    ArrowLeft: (event) => move(-strip.step * (event.shiftKey ? 10 : 1)),
    ArrowRight: (event) => move(strip.step * (event.shiftKey ? 10 : 1)),
    PageUp: () => move(HOUR),
    PageDown: () => move(-HOUR),
    Home: () => toEnd({ last: false }),
    End: () => toEnd({ last: true }),
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
    if (event.repeat && /^[a-z ]$/i.test(event.key)) return; // held a little too long, "play" would be "pause" again
    const on = event.target;
    if (on.closest("details[open], input, select, textarea")) return; // they have keys of their own
    if (on.closest("a, button, summary") && event.key === "Enter") return;
    if (on.closest("button, summary") && event.key === " ") return;
    const list = on.closest("[data-part=events]");
    const run = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!run || !ready() || (list && /^(Page|Home|End)/.test(event.key))) return;
    event.preventDefault();
    run(event);
  });
}
