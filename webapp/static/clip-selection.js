// Selecting several clips of a list: by their boxes, with Shift for all in between, by a long press on a touch screen.

const LONG_PRESS = 450; // ms
const STRAYS = 10; // px that a resting finger may move

export class Selection {
  #list;
  #stems = new Set();
  #last = null; // the stem that Shift goes on from
  #active = false;
  #onChange;

  /** `onChange()` is called whenever what is selected changes, or whether one selects at all. */
  constructor(list, container, onChange) {
    this.#list = list;
    this.#onChange = onChange;
    container.addEventListener("change", (event) => {
      if (event.target.matches(".check")) this.#set(stemOf(event.target), event.target.checked);
    });
    // With Shift held the box itself would toggle, and what is between would be left out.
    container.addEventListener("click", (event) => {
      if (!event.shiftKey || !event.target.matches(".check")) return;
      event.preventDefault();
      this.extend(stemOf(event.target));
    });
    listenForLongPress(container, (stem) => (this.#active ? this.toggle(stem) : this.begin(stem)));
  }

  get active() {
    return this.#active;
  }

  /** The selected clips' stems in the order of the list; what a filter hides is not among them. */
  get stems() {
    return this.#list.clips.map((clip) => clip.stem).filter((stem) => this.#stems.has(stem));
  }

  begin(stem = null) {
    this.#active = true;
    if (stem) this.#set(stem, true);
    else this.#onChange();
  }

  end() {
    for (const stem of this.#stems) this.#draw(stem, false);
    this.#stems.clear();
    this.#active = false;
    this.#last = null;
    this.#onChange();
  }

  toggle(stem) {
    this.#set(stem, !this.#stems.has(stem));
  }

  /** Select everything from the clip that was selected last, or from `from`, to this one. */
  extend(stem, from = null) {
    const begin = this.#list.place(this.#last ?? from ?? stem);
    const end = this.#list.place(stem);
    if (begin < 0 || end < 0) return this.#set(stem, true);
    this.#active = true;
    for (let index = Math.min(begin, end); index <= Math.max(begin, end); index++) this.#add(this.#list.clips[index].stem);
    this.#last = stem;
    this.#onChange();
  }

  /** Select all that is shown, or nothing where all of it is selected. */
  all() {
    const every = this.#list.clips.map((clip) => clip.stem);
    const whole = every.every((stem) => this.#stems.has(stem));
    for (const stem of every) {
      if (whole) this.#remove(stem);
      else this.#add(stem);
    }
    this.#onChange();
  }

  /** Take out what is no longer there. */
  forget(stems) {
    for (const stem of stems) this.#remove(stem);
    this.#onChange();
  }

  #set(stem, selected) {
    this.#active = true;
    this.#last = stem;
    if (selected) this.#add(stem);
    else this.#remove(stem);
    this.#onChange();
  }

  #add(stem) {
    if (this.#stems.has(stem)) return;
    this.#stems.add(stem);
    this.#draw(stem, true);
  }

  #remove(stem) {
    if (this.#stems.delete(stem)) this.#draw(stem, false);
  }

  #draw(stem, selected) {
    const entry = this.#list.entry(stem);
    if (!entry) return;
    entry.toggleAttribute("data-selected", selected);
    entry.querySelector(".check").checked = selected;
  }
}

function stemOf(element) {
  return element.closest(".entry").querySelector(".clip").dataset.stem;
}

function listenForLongPress(container, run) {
  let timer = null;
  let begin = null;
  let pressed = false; // the click that follows the press is part of it
  const stop = () => clearTimeout(timer);
  container.addEventListener("pointerdown", (event) => {
    stop();
    pressed = false;
    const card = event.pointerType === "touch" && event.target.closest(".clip");
    if (!card) return;
    begin = event;
    timer = setTimeout(() => {
      pressed = true;
      navigator.vibrate?.(12);
      run(card.dataset.stem);
    }, LONG_PRESS);
  });
  container.addEventListener("pointermove", (event) => {
    if (begin && Math.hypot(event.clientX - begin.clientX, event.clientY - begin.clientY) > STRAYS) stop();
  });
  for (const name of ["pointerup", "pointercancel"]) container.addEventListener(name, stop);
  container.addEventListener("contextmenu", (event) => {
    if (pressed || event.pointerType === "touch") event.preventDefault(); // the browser's own long press
  });
  const swallow = (event) => {
    if (!pressed) return;
    pressed = false;
    event.preventDefault();
    event.stopPropagation();
  };
  container.addEventListener("click", swallow, { capture: true });
}
