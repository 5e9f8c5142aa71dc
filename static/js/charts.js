// Draws every [data-chart] with plotly from the JSON script of that id, in the colours of the current scheme.
// Colours in a spec are names (c1 to c5, ink, muted, grid, good, bad); they are resolved here, so a theme change redraws.
(() => {
  "use strict";
  const NAMES = ["c1", "c2", "c3", "c4", "c5", "ink", "muted", "grid", "line", "surface", "raised", "good", "bad"];
  const CONFIG = {
    responsive: true, displaylogo: false, showSendToCloud: false, plotlyServerURL: "",
    modeBarButtonsToRemove: ["sendChartToCloud", "select2d", "lasso2d", "autoScale2d"],
  };

  // Plotly shows its toolbar for good where nothing can hover, which on a phone covers the chart.
  const hovers = window.matchMedia("(hover: hover) and (min-width: 600px)");
  const config = () => ({ ...CONFIG, displayModeBar: hovers.matches ? "hover" : false });

  // A custom property returns the text "light-dark(…)", so the browser is asked for the colour of real elements.
  const readColours = () => {
    const probe = document.createElement("div");
    probe.className = "probe";
    probe.setAttribute("aria-hidden", "true");
    for (const name of NAMES) probe.append(Object.assign(document.createElement("i"), { className: name }));
    document.body.append(probe);
    const colours = Object.fromEntries([...probe.children].map((part) => [part.className, getComputedStyle(part).color]));
    probe.remove();
    return colours;
  };
  const resolve = (value, colours) => {
    if (Array.isArray(value)) return value.map((part) => resolve(part, colours));
    if (!value || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [
      key, typeof part === "string" && /color$/i.test(key) ? colours[part] || part : resolve(part, colours),
    ]));
  };
  const template = (colours, dated) => {
    const axis = {
      gridcolor: colours.grid, linecolor: colours.line, zerolinecolor: colours.line, ticks: "", tickformat: ",",
      tickfont: { color: colours.muted, size: 11 }, title: { font: { color: colours.muted, size: 12 } }, automargin: true,
      zeroline: false, ticklabelstandoff: 6,
    };
    const layout = {
      font: { family: "Inter, system-ui, sans-serif", size: 12, color: colours.ink },
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      colorway: [colours.c1, colours.c2, colours.c3, colours.c4, colours.c5],
      margin: { l: 48, r: 12, t: 28, b: 32 }, hovermode: "x unified",
      hoverlabel: { bgcolor: colours.raised, bordercolor: colours.line, font: { color: colours.ink, size: 12 } },
      legend: { orientation: "h", x: 0, y: 1.12, font: { color: colours.muted, size: 12 } },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: colours.muted, activecolor: colours.ink },
      xaxis: { ...axis, showgrid: false, tickformat: dated ? "%-d %b" : "" },
      yaxis: { ...axis, rangemode: "tozero" },
    };
    return { layout, data: { scatter: [{ mode: "lines", line: { width: 2 } }] } };
  };
  const draw = (element, colours) => {
    const source = document.getElementById(element.dataset.chart);
    if (!source || !window.Plotly) return;
    const spec = resolve(JSON.parse(source.textContent), colours);
    const dated = spec.data.some((trace) => /^\d{4}-\d\d-\d\d/.test(trace.x?.[0]));
    Plotly.react(element, spec.data, { ...spec.layout, template: template(colours, dated) }, config());
  };
  const drawAll = (from = document) => {
    const colours = readColours();
    for (const element of from.querySelectorAll("[data-chart]")) draw(element, colours);
  };
  document.addEventListener("themechange", () => drawAll());
  document.addEventListener("htmx:afterSettle", (event) => drawAll(event.detail.elt));
  hovers.addEventListener("change", () => drawAll());
  drawAll();
})();
