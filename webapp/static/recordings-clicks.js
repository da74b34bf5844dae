// Clicks on the page of recordings: buttons, clips and the links to other days.

/**
 * Listen to the whole page. `step(places)`, `choose(stem)` and `openDay(day)` choose, `chosen()` is the stem in the
 * player, `setFilter(changed)` changes what is shown; `buttons` has what a button does by name, `many` what one does with the
 * selected stems.
 */
export function listenForClicks({ selection, filter, step, choose, chosen, openDay, setFilter, buttons, many }) {
  function press(button) {
    const { step: places, do: name, many: action, filterKind: kind } = button.dataset;
    if (places) step(Number(places));
    else if (name) buttons[name]();
    else if (action) many[action](selection.stems);
    else if (kind !== undefined) setFilter({ kind });
    else if ("filterKept" in button.dataset) setFilter({ kept: !filter.kept });
    else if (button.matches(".star")) many.keep([stemIn(button.closest(".entry"))]);
  }

  document.addEventListener("click", (event) => {
    const { target } = event;
    const button = target.closest("button");
    if (button) return press(button);
    if (event.ctrlKey || event.metaKey) return; // opens it in another tab
    const { stem } = target.closest("a.clip")?.dataset ?? {};
    const link = target.closest("a[data-day]");
    if (!stem && (!link || event.shiftKey)) return;
    event.preventDefault();
    if (!stem) openDay(link.dataset.day);
    else if (event.shiftKey) selection.extend(stem, chosen());
    else if (selection.active) selection.toggle(stem);
    else choose(stem);
  });
}

const stemIn = (entry) => entry.querySelector(".clip").dataset.stem;
