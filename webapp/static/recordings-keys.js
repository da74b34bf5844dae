// The keyboard on the page of recordings; the template's "key-list" tells people the same.

const SKIPS = { ArrowLeft: -5, ArrowRight: 5 }; // s, with Shift

/**
 * Listen to the whole page. `step(places, options)` and `choose(stem)` choose clips, `columns()` is how many stand
 * beside each other, `meant()` tells which stems an action is about, `run` has the actions by name.
 */
export function listenForKeys({ player, selection, step, columns, choose, meant, run }) {
  const keys = {
    ArrowDown: () => step(columns(), { focus: true }),
    ArrowUp: () => step(-columns(), { focus: true }),
    ArrowRight: () => step(1, { focus: true }),
    ArrowLeft: () => step(-1, { focus: true }),
    Home: () => step(-Infinity, { focus: true }),
    End: () => step(Infinity, { focus: true }),
    Enter: () => player.togglePlay(),
    " ": () => player.togglePlay(),
    Delete: () => run.remove(meant()),
    Backspace: () => run.remove(meant()), // the key that a Mac calls Delete
    Escape: () => selection.end(),
    "?": run.keys,
    a: () => selection.active && selection.all(),
    b: () => player.toggleMotion(),
    d: () => run.download(meant()),
    t: () => document.querySelector("[data-part=in-timeline]")?.click(),
    f: () => player.toggleFullscreen(),
    k: () => run.keep(meant()),
    m: () => player.toggleSound(),
    n: run.onward,
    x: (stem) => (selection.active ? stem && selection.toggle(stem) : selection.begin(stem)),
    z: run.undo,
  };
  const shifted = {
    ArrowLeft: () => player.skip(SKIPS.ArrowLeft),
    ArrowRight: () => player.skip(SKIPS.ArrowRight),
    ArrowDown: () => step(columns(), { focus: true, extend: true }),
    ArrowUp: () => step(-columns(), { focus: true, extend: true }),
  };

  document.addEventListener("keydown", (event) => {
    const undo = (event.ctrlKey || event.metaKey) && event.key === "z";
    if (((event.ctrlKey || event.metaKey) && !undo) || event.altKey || event.defaultPrevented) return;
    if (event.repeat && !event.key.startsWith("Arrow")) return; // held a little too long, Delete would take the next clip, too
    const on = event.target;
    if (on.closest("details[open], dialog, input:not(.check), select, textarea")) return; // they have keys of their own
    const presses = event.key === "Enter" || event.key === " ";
    if (presses && on.closest("a:not(.clip), button, summary, input")) return;
    if (event.key === "Escape" && (!selection.active || document.fullscreenElement)) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const act = (event.shiftKey && shifted[key]) || keys[key];
    if (!act) return;
    event.preventDefault();
    const { stem } = on.closest(".clip")?.dataset ?? {};
    const other = presses && stem && !on.matches("[aria-current]");
    if (presses && stem && selection.active) selection.toggle(stem);
    else if (other && event.key === "Enter") choose(stem); // Enter on a clip that is not the chosen one chooses it
    else act(stem ?? document.querySelector(".clip[aria-current]")?.dataset.stem);
  });
}
