// A camera without a clip: the first one opens the list by itself.

import { ClipWatch } from "./clips.js";

const EVERY = 5_000; // ms

const { status, camera } = document.querySelector("[data-first-clip]").dataset;
const watch = new ClipWatch(status, camera);

setInterval(async () => {
  if (document.hidden) return;
  const stale = await watch.stale().catch(() => false); // the next look may work
  if (stale && watch.newest) location.reload();
}, EVERY);
