// Stills where no film plays: one a second while somebody waits for it, few of them while nobody looks.

const SOON = 1_000; // ms
const SELDOM = 10_000; // ms, once nobody has looked for a minute
const UNSEEN = 60_000; // ms that a hidden page, or a tile out of view, goes on with one a second
const REFUSED = 5_000; // ms until the next try where there was none

/** Shows the newest still of a camera in an <img>. */
export class Still {
  #image;
  #address;
  #timer = null;
  #asking = null;
  #unseenSince = null; // ms of performance.now()
  #url = null;

  constructor(image, address) {
    this.#image = image;
    this.#address = address;
  }

  /** Whether somebody may be looking. */
  set seen(seen) {
    if (seen && this.#unseenSince !== null && this.#timer) this.#soon(0);
    this.#unseenSince = seen ? null : (this.#unseenSince ?? performance.now());
  }

  start() {
    if (!this.#timer && !this.#asking) this.#soon(0);
  }

  stop() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#asking?.abort();
    this.#asking = null;
  }

  #soon(milliseconds) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), milliseconds);
  }

  async #ask() {
    this.#timer = null;
    const asking = (this.#asking = new AbortController());
    let pause = this.#pause();
    try {
      const width = Math.ceil(this.#image.parentElement.clientWidth * Math.min(devicePixelRatio, 2)) || 320;
      const address = `${this.#address}?width=${Math.min(Math.max(width, 160), 1920)}`;
      const response = await fetch(address, { signal: asking.signal });
      if (response.ok) await this.show(await response.blob());
      else pause = REFUSED;
    } catch {
      pause = REFUSED; // the server has gone, or this was stopped
    }
    if (this.#asking !== asking) return;
    this.#asking = null;
    this.#soon(pause);
  }

  /** Show this picture until another comes. */
  async show(blob) {
    const before = this.#url;
    this.#url = URL.createObjectURL(blob);
    this.#image.src = this.#url;
    await this.#image.decode().catch(() => {});
    this.#image.hidden = false;
    if (before) URL.revokeObjectURL(before);
  }

  #pause() {
    return this.#unseenSince === null || performance.now() - this.#unseenSince < UNSEEN ? SOON : SELDOM;
  }
}
