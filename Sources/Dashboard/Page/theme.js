// Not a module: it runs before the first paint, so that a chosen theme never flashes the other one.
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
      // Where storage is blocked the choice holds until the page is left.
      try { localStorage.setItem(key, select.value); } catch { /* kept in the document only */ }
      apply(select.value);
    });
  });
})();
