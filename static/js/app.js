// What pages need beyond HTML and htmx: keys, toasts, times, theme, tips. Everything works without it, only slower.
(() => {
  "use strict";
  const root = document.documentElement;
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const visible = (element) => element.checkVisibility({ visibilityProperty: true }) && !element.disabled;
  const reduced = matchMedia("(prefers-reduced-motion: reduce)");

  // ---- Theme and density: the radios of the rail; charts listen for "themechange" ------------------
  const announceTheme = () => document.dispatchEvent(new CustomEvent("themechange"));
  const setPreference = (name, value) => {
    if (value) root.dataset[name] = value;
    else delete root.dataset[name];
    try {
      value ? localStorage.setItem(name, value) : localStorage.removeItem(name);
    } catch { /* storage is off: holds for this page only */ }
    if (name === "theme") announceTheme();
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", announceTheme);

  // ---- Relative times, against the page's own clock (a sandbox has another one) -------------------
  const pageNow = Date.parse(document.body.dataset.now || "");
  const offset = Number.isNaN(pageNow) ? 0 : Date.now() - pageNow;
  const words = (seconds) => {
    const gap = Math.abs(seconds);
    if (gap < 45) return "just now";
    const steps = [[60, "s"], [60, "min"], [24, "h"], [7, "days"]];
    let size = gap, unit = "weeks";
    for (const [limit, name] of steps) {
      unit = name;
      if (size < limit) break;
      size /= limit;
      if (name === "days") unit = "weeks";
    }
    const count = Math.max(Math.round(size), 1);
    const text = `${count} ${count === 1 && unit.length > 2 ? unit.replace(/s$/, "") : unit}`;
    return seconds > 0 ? `${text} ago` : `in ${text}`;
  };
  const tellTimes = () => {
    for (const time of all("time[data-ago]")) {
      const text = words((Date.now() - offset - Date.parse(time.dateTime)) / 1000);
      if (time.textContent !== text) time.textContent = text;
    }
  };
  setInterval(tellTimes, 30_000);

  // ---- Toasts and other offers of some seconds: count down, wait while looked at, leave ----------------------------------------------
  const countDown = (toast) => {
    let left = Number(toast.dataset.seconds);
    toast.removeAttribute("data-seconds");
    const counter = toast.querySelector(".left");
    const tick = () => {
      if (!toast.isConnected) return;
      if (!toast.matches(":hover, :focus-within")) left -= 1;
      if (counter) counter.textContent = `${left} s`;
      left > 0 ? setTimeout(tick, 1000) : toast.remove();
    };
    if (counter) counter.textContent = `${left} s`;
    setTimeout(tick, 1000);
  };
  const say = (text) => {
    const toast = document.createElement("div");
    toast.className = "toast";
    toast.setAttribute("role", "alert");
    toast.append(Object.assign(document.createElement("span"), { textContent: text }));
    toast.append(Object.assign(document.createElement("span"), { className: "left" }));
    toast.dataset.seconds = "12";
    document.getElementById("toasts")?.append(toast);
    countDown(toast);
  };

  // ---- Lists worked through by keyboard: [data-keys] holds [data-item] links ---------------------------
  const items = () => all("[data-keys] [data-item]").filter(visible);
  const currentIndex = (list) => {
    const focused = list.findIndex((item) => item === document.activeElement || item.closest("li, tr")?.contains(document.activeElement));
    return focused >= 0 ? focused : list.findIndex((item) => item.getAttribute("aria-current") === "true");
  };
  const markCurrent = (item) => {
    for (const other of all("[data-item]", item.closest("[data-keys]") || document)) other.removeAttribute("aria-current");
    item.setAttribute("aria-current", "true");
  };
  const move = (step) => {
    const list = items();
    if (!list.length) return;
    const index = currentIndex(list);
    const item = list[Math.min(Math.max(index + step, 0), list.length - 1)];
    item.focus();
    item.scrollIntoView({ block: "nearest", behavior: reduced.matches ? "auto" : "smooth" });
    if (item.getAttribute("aria-current") === "true") return; // at either end it is open already
    if (item.matches("[hx-get], [data-open]")) item.click();
    else markCurrent(item);
  };
  const select = () => {
    const list = items();
    const row = list[Math.max(currentIndex(list), 0)]?.closest("li, tr");
    row?.querySelector("input[type=checkbox]")?.click();
  };

  // ---- Keys: [data-key="a"] is pressed by that key, [data-go="i"] by g then that key --------------------
  // A field that was just hidden, as with its popover, keeps the focus until the next frame: nobody types into it.
  const FIELDS = "textarea, select, input:not([type=checkbox], [type=radio], [type=button], [type=submit])";
  const typing = (target) => target.isContentEditable || (target.matches?.(FIELDS) && visible(target));
  let going = 0;
  // A card follows its item a moment later; what is pressed meanwhile is meant for it and waits until it is there.
  let waiting = [];
  const isBehind = () => {
    const item = document.querySelector("[data-item][aria-current=true]");
    const card = document.querySelector("[data-card]");
    if (card?.closest(".htmx-settling")) return true; // its buttons are not htmx's yet: they would leave the page
    return Boolean(item?.dataset.item && card && item.dataset.item !== card.dataset.card);
  };
  const press = (key) => {
    const button = all("[data-key]").find((element) => element.dataset.key.toLowerCase() === key && visible(element));
    button?.click();
    return Boolean(button);
  };
  const sayWhyNot = (name) => {
    const told = document.querySelector("[data-card]")?.dataset;
    const why = told?.[name] || told?.noAnswer;
    if (why) say(why);
  };
  const byKey = {
    j: () => move(1),
    k: () => move(-1),
    x: select,
    a: () => sayWhyNot("noYes"),
    e: () => sayWhyNot("noAnswer"),
    r: () => sayWhyNot("noAnswer"),
    d: () => sayWhyNot("noAnswer"),
    u: () => sayWhyNot("noUndo"),
    "/": () => document.getElementById("q")?.focus(),
    "?": () => document.getElementById("keys")?.togglePopover(),
  };
  const apply = (key) => {
    if (press(key)) return true;
    if (!byKey[key]) return false;
    byKey[key]();
    return true;
  };
  const pressWaiting = () => {
    while (waiting.length && !isBehind() && !document.querySelector(".pop:popover-open")) apply(waiting.shift());
    if (!isBehind()) waiting = [];
  };
  const giveUp = (event) => {
    if (!event.detail.elt.matches("[data-item]")) return;
    waiting = [];
    const card = document.querySelector("[data-card]");
    const item = card && document.querySelector(`[data-item="${card.dataset.card}"]`);
    if (!item || !isBehind()) return;
    markCurrent(item); // the card that did not come is not the one that is answered
    item.focus();
  };
  const always = ["j", "k", "x", "/", "?", "."];
  const closeTips = () => {
    for (const tip of all(".ask:hover, .ask:focus-within")) tip.classList.add("closed");
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") return closeTips();
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing && !event.repeat && event.target.matches("textarea"))
      return event.target.form?.requestSubmit();
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing(event.target)) return;
    const key = (event.shiftKey && event.key.length === 1 && /[a-z]/i.test(event.key) ? "shift+" : "") + event.key.toLowerCase();
    const open = document.querySelector(".pop:popover-open");
    if (open && !(open.id === "keys" && key === "?")) return;
    if (event.repeat && key !== "j" && key !== "k") return; // a key that is held down answers once
    let done = true;
    if (Date.now() - going < 1200) {
      const link = all("[data-go]").find((element) => element.dataset.go === key);
      going = 0;
      link ? link.click() : (done = false);
    } else if (key === "g") going = Date.now();
    else if (isBehind() && (waiting.length || !always.includes(key))) waiting.push(key);
    else done = apply(key);
    if (done) event.preventDefault();
  });
  for (const kind of ["pointerout", "focusout"]) {
    document.addEventListener(kind, (event) => {
      const ask = event.target.closest?.(".ask.closed");
      if (ask && !ask.contains(event.relatedTarget)) ask.classList.remove("closed");
    });
  }

  // ---- Clicks and changes -------------------------------------------------------------------------------
  document.addEventListener("click", (event) => {
    const item = event.target.closest("[data-item]");
    if (item) markCurrent(item);
    event.target.closest("[data-dismiss]")?.closest(".toast, .notice")?.remove();
    const copy = event.target.closest("[data-copy]");
    if (copy) navigator.clipboard?.writeText(copy.dataset.copy).then(() => copy.classList.add("copied"));
  });
  const pickHeatColumn = (select) => {
    for (const row of all("tr", document.getElementById(select.dataset.heat)))
      [...row.cells].forEach((cell, index) => cell.classList.toggle("away", index > 0 && index !== Number(select.value)));
  };
  const showSelection = (box) => {
    const form = box.closest("[data-selection]");
    if (!form) return;
    const boxes = all("input[type=checkbox]:not([data-select-all])", form);
    const count = boxes.filter((each) => each.checked).length;
    box.closest("tr")?.setAttribute("aria-selected", String(box.checked));
    for (const label of all("[data-selected-count]", form)) label.textContent = String(count);
  };
  document.addEventListener("change", (event) => {
    const input = event.target;
    if (input.dataset.set) setPreference(input.dataset.set, input.value);
    if (input.dataset.heat) pickHeatColumn(input);
    if (input.matches("[data-submit]")) input.form.requestSubmit();
    if (input.matches("[data-select-all]"))
      for (const box of all("input[type=checkbox]:not([data-select-all])", input.closest("[data-selection]"))) {
        box.checked = input.checked;
        showSelection(box);
      }
    else if (input.type === "checkbox") {
      showSelection(input);
      if (input.closest("[data-selection]")) input.scrollIntoView({ block: "nearest" }); // the bar that comes must not hide it
    }
    if (input.type === "file") nameFile(input);
  });

  // ---- Forms are sent once ---------------------------------------------------------------------------------
  const release = (form) => {
    delete form.dataset.sent;
    for (const button of all("[aria-busy]", form)) button.removeAttribute("aria-busy");
  };
  document.addEventListener("focusin", (event) => {
    if (event.target.matches("[data-select]")) event.target.select(); // typing replaces what stands there
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method === "get" || form.target) return;
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = "1";
    event.submitter?.setAttribute("aria-busy", "true");
  });
  addEventListener("pageshow", () => all("form[data-sent]").forEach(release));

  // ---- Dropping a file on [data-drop] -------------------------------------------------------------------------
  const nameFile = (input) => {
    const drop = input.closest("[data-drop]");
    const name = drop?.querySelector("[data-drop-name]");
    if (name && input.files.length) name.textContent = [...input.files].map((file) => file.name).join(", ");
    if (input.files.length && drop?.dataset.drop === "submit") input.form.requestSubmit();
  };
  for (const kind of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(kind, (event) => {
      const drop = event.target.closest?.("[data-drop]");
      if (!drop) return;
      event.preventDefault();
      drop.classList.toggle("over", kind === "dragover");
      const input = drop.querySelector("input[type=file]");
      if (kind === "drop" && input && event.dataTransfer.files.length) {
        input.files = event.dataTransfer.files;
        nameFile(input);
      }
    });
  }

  // ---- After htmx: focus goes where the person works on, failures are said ------------------------------------
  const settle = (part) => {
    all("[data-seconds]").forEach(countDown);
    all("[data-heat]", part).forEach(pickHeatColumn);
    tellTimes();
  };
  const picked = new WeakMap(); // answer → what was selected when it came: others may come before it is settled
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { elt, xhr, pathInfo } = event.detail;
    const came = new URL(xhr.responseURL || location.href).pathname;
    if (elt && isLooking(event) && came !== new URL(pathInfo.requestPath, location.href).pathname) {
      event.detail.shouldSwap = false; // the login
      tellReached(event, false);
    }
    picked.set(xhr, all("[data-selection] input:checked", event.detail.target).map((box) => box.value));
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    const values = picked.get(event.detail.xhr) || [];
    for (const box of all("[data-selection] input[type=checkbox]", event.detail.elt).filter((each) => values.includes(each.value))) {
      box.checked = true;
      showSelection(box);
    }
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    settle(event.detail.elt);
    const view = event.detail.elt.closest("[data-view]");
    if (view && event.detail.requestConfig?.elt?.matches?.("[data-item]")) view.dataset.view = "item";
    const next = event.detail.elt.matches("[data-focus]") ? event.detail.elt : event.detail.elt.querySelector("[data-focus]");
    next?.focus({ preventScroll: false });
    pressWaiting();
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.detail.elt.closest?.("form");
    if (form) release(form);
    if (isLooking(event) && event.detail.xhr.status === 204) tellReached(event, true);
  });
  for (const kind of ["htmx:sendError", "htmx:responseError"]) document.addEventListener(kind, giveUp);
  const isLooking = (event) => event.detail.elt.matches("[hx-trigger^=every]"); // it looks again in a moment
  // What a page says of now holds only while it can ask: [data-unreached] is said instead of [data-reached] as long as not.
  // Only what says so itself tells it: another part of the page may be answered while that one is not.
  const tellReached = (event, reached) => {
    if (!event.detail.elt.querySelector("[data-unreached]")) return;
    for (const part of all("[data-unreached]")) part.hidden = reached;
    for (const part of all("[data-reached]")) part.hidden = !reached;
  };
  document.addEventListener("htmx:sendError", (event) => isLooking(event) ? tellReached(event, false) : say("No answer from the server. Nothing was changed; check the connection and try again."));
  document.addEventListener("htmx:responseError", (event) => {
    if (isLooking(event)) return tellReached(event, false);
    const reference = event.detail.xhr.getResponseHeader("X-Request-ID");
    say(`That did not work, and nothing was changed. Try again in a moment.${reference ? ` Reference ${reference}.` : ""}`);
  });

  const start = () => {
    for (const name of ["theme", "density"]) {
      const radio = document.querySelector(`[data-set="${name}"][value="${root.dataset[name] || ""}"]`);
      if (radio) radio.checked = true;
    }
    settle(document);
    document.querySelector("[data-open-now]")?.showPopover();
  };
  document.readyState === "loading" ? document.addEventListener("DOMContentLoaded", start) : start();
})();
