// On a phone the list of pages lies above the page and scrolls sideways: show the one that is open.

document.querySelector(".settings-nav [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });
