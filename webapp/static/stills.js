// Still pictures on pages of settings: shown when they are there, and renewed now and then where that is asked for.

for (const image of document.querySelectorAll("img[data-still]")) {
  image.onload = () => (image.hidden = false);
  image.src = image.dataset.still;
  const { every } = image.dataset;
  if (every) setInterval(() => document.hidden || renew(image), Number(every) * 1000);
}

/** Beside the old one, so that nothing flickers. */
function renew(image) {
  const next = new Image();
  const address = new URL(image.dataset.still, location);
  address.searchParams.set("at", Date.now());
  next.onload = () => (image.src = next.src);
  next.src = address;
}
