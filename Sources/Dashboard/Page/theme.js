// Not a module, so that it runs before the first paint and the wrong theme never flashes.
(() => {
  const key = "colonnade.theme";
  const read = () => {
    try { return localStorage.getItem(key) ?? "auto"; } catch { return "auto"; }
  };
  const apply = (theme) => {
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  };
  apply(read());
  document.addEventListener("DOMContentLoaded", () => {
    const select = document.getElementById("theme");
    select.value = read();
    select.addEventListener("change", () => {
      // If storage is blocked, the choice lasts until the page is left.
      try { localStorage.setItem(key, select.value); } catch { /* kept in the document only */ }
      apply(select.value);
    });
  });
})();
