// Loaded before the first paint, so that a chosen theme or density does not flash. The admin keeps its theme under the
// same name and writes "auto" for the system's.
(() => {
  const root = document.documentElement;
  root.dataset.js = "";
  for (const name of ["theme", "density"]) {
    try {
      const value = localStorage.getItem(name);
      if (value && value !== "auto") root.dataset[name] = value;
    } catch { /* storage is off: the system's scheme applies */ }
  }
})();
