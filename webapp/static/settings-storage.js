// The bar of what takes how much of the disk.

for (const part of document.querySelectorAll(".bar [data-share]")) {
  part.style.flexBasis = `${Math.max(0.4, Number(part.dataset.share) * 100)}%`;
}
