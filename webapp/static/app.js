// What every page does. Menus close when one looks elsewhere.

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (menu !== except) menu.open = false;
}

document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu")));
document.addEventListener("keydown", (event) => {
  const open = document.querySelector("details.menu[open]");
  if (event.key !== "Escape" || !open) return;
  open.querySelector("summary").focus();
  closeMenus();
});

// Who sees the log-in page is logged out: what other tabs, and the way back, still show of before goes as well.
const LEFT = "birbcam-left"; // when, in localStorage
const shown = Date.now();

try {
  if (document.querySelector("[data-logged-out]")) {
    localStorage.setItem(LEFT, shown);
  } else {
    const isOver = () => Number(localStorage.getItem(LEFT)) > shown;
    addEventListener("storage", (event) => event.key === LEFT && isOver() && location.reload());
    addEventListener("pageshow", (event) => event.persisted && isOver() && location.reload());
  }
} catch {
  // Storage is switched off; answers are asked for again in any case, when one comes back to them.
}
