// What must be decided before anything is drawn, so that nothing flashes or jumps.
// The theme is what was chosen here before, else what the system says; a hint that was hidden stays hidden.
(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");

  function recall(key) {
    try {
      return localStorage.getItem(key);
    } catch {
      return null; // storage is switched off
    }
  }

  function remember(key, value) {
    try {
      localStorage.setItem(key, value);
    } catch {
      // Storage is switched off: it holds for this page.
    }
  }

  function show(theme) {
    root.dataset.theme = theme;
    document.querySelector("meta[name=theme-color]").content = theme === "dark" ? "#101513" : "#f5f4ef";
    document.querySelector("[data-theme-toggle]")?.setAttribute("aria-pressed", String(theme === "dark"));
  }

  function showChosen() {
    show(recall("theme") ?? (system.matches ? "dark" : "light"));
    root.toggleAttribute("data-no-hint", recall("no-hint") !== null);
  }

  // The server writes the first times of a page, and should write them on this clock.
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  if (timeZone && !document.cookie.split("; ").includes(`zone=${timeZone}`)) {
    document.cookie = `zone=${timeZone}; path=/; max-age=31536000; SameSite=Lax`;
  }

  showChosen();
  system.addEventListener("change", showChosen);
  addEventListener("storage", showChosen); // chosen in another tab
  document.addEventListener("DOMContentLoaded", () => show(root.dataset.theme));
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-theme-toggle]")) {
      show(root.dataset.theme === "dark" ? "light" : "dark");
      remember("theme", root.dataset.theme);
    } else if (event.target.closest("[data-hide-hint]")) {
      root.toggleAttribute("data-no-hint", true);
      remember("no-hint", "1");
    }
  });
})();
