"use strict";
// Search, filters and grouping. Without it the page is a list by owner.
(() => {
  const list = document.getElementById("findings");
  const form = document.getElementById("controls");
  const count = document.getElementById("count");
  const all = Array.from(list.querySelectorAll("article"));
  const texts = new Map(all.map((it) => [it, it.textContent.toLowerCase()]));

  const matches = (finding, words, effect, severity) =>
    (!effect || finding.dataset.effect === effect) &&
    (!severity || finding.dataset.severity === severity) &&
    words.every((word) => texts.get(finding).includes(word));

  const section = ([name, findings]) => {
    const section = document.createElement("section");
    const head = document.createElement("h3");
    head.textContent = `${name} (${findings.length})`;
    section.append(head, ...findings);
    return section;
  };

  const draw = () => {
    const { search, effect, severity, group } = form.elements;
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const groups = new Map();
    let shown = 0;
    for (const finding of all) {
      if (!matches(finding, words, effect.value, severity.value)) continue;
      shown += 1;
      const key = finding.dataset[group.value];
      if (!groups.has(key)) groups.set(key, []);
      groups.get(key).push(finding);
    }
    list.replaceChildren(...Array.from(groups, section));
    count.textContent = `${shown} of ${all.length}`;
  };

  // A bar of a plot leads to what it counts.
  document.querySelector(".plots").addEventListener("click", (event) => {
    const row = event.target.closest("[data-search]");
    if (!row) return;
    event.preventDefault();
    const { search, severity, group } = form.elements;
    severity.value = row.dataset.by === "severity" ? row.dataset.search : "";
    search.value = row.dataset.by === "severity" ? "" : row.dataset.search.toLowerCase();
    group.value = row.dataset.by;
    draw();
    form.scrollIntoView();
  });
  form.addEventListener("input", draw);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  draw();
})();
