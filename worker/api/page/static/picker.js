// A list to search in and choose from, below the button that opens it.
import { h, fill } from "./dom.js";

let ids = 0;

// Picker: button opens it; groups() gives [{title, items: [{label, about, value}]}]; chosen(value) is told. Where there is a search,
// search(text) promises the groups for what was typed, and they are shown as they come.
export class Picker {
  constructor(button, { label, placeholder, groups, chosen, search }) {
    Object.assign(this, { button, groups, chosen, search });
    const id = `picker-${++ids}`;
    this.input = h("input", {
      type: "text", class: "picker-input", role: "combobox", placeholder, autocomplete: "off", spellcheck: "false",
      "aria-label": label, "aria-expanded": "true", "aria-controls": id, "aria-autocomplete": "list",
    });
    this.list = h("div", { class: "picker-list", role: "listbox", id, "aria-label": label });
    this.panel = h("div", { class: "picker-panel", hidden: true, role: "dialog", "aria-label": label }, this.input, this.list);
    document.body.append(this.panel);
    button.setAttribute("aria-expanded", "false");
    button.addEventListener("click", () => (this.panel.hidden ? this.open() : this.close(true)));
    this.input.addEventListener("input", () => { this.shown = this.show(); });
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.panel.addEventListener("focusout", (event) => {
      if (event.relatedTarget && !this.panel.contains(event.relatedTarget)) this.close(false);
    });
    document.addEventListener("pointerdown", (event) => {
      if (!this.panel.hidden && !this.panel.contains(event.target) && !button.contains(event.target)) this.close(false);
    });
  }

  open() {
    const box = this.button.getBoundingClientRect();
    this.panel.hidden = false;
    this.button.setAttribute("aria-expanded", "true");
    const width = Math.min(Math.max(box.width, 380), innerWidth - 24);
    Object.assign(this.panel.style, {
      width: `${width}px`, left: `${Math.max(12, Math.min(box.left, innerWidth - width - 12))}px`, top: `${box.bottom + scrollY + 6}px`,
    });
    this.panel.style.setProperty("--most", `${Math.max(220, innerHeight - box.bottom - 90)}px`);
    this.input.value = "";
    this.shown = this.show();
    this.input.focus();
  }

  close(back) {
    if (this.panel.hidden) return;
    this.panel.hidden = true;
    this.button.setAttribute("aria-expanded", "false");
    if (back) this.button.focus();
  }

  async show() {
    const typed = this.input.value.trim();
    if (!typed || !this.search) {
      this.fill(this.groups(), typed);
      return;
    }
    const groups = await this.search(typed).catch(() => this.groups());
    if (typed === this.input.value.trim()) this.fill(groups, "");
  }

  fill(groups, typed) {
    const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (item) => words.every((w) => `${item.label} ${item.about ?? ""} ${item.more ?? ""}`.toLowerCase().includes(w));
    this.options = [];
    const shown = groups.map(({ title, items }) => {
      const found = items.filter(fits);
      if (found.length === 0) return null;
      return h("div", { role: "group", "aria-label": title }, h("div", { class: "picker-group", "aria-hidden": "true" }, title), found.map((item) => {
        const option = h("div", {
          role: "option", id: `${this.list.id}-${this.options.length}`, class: "picker-option", "aria-selected": "false",
          onclick: () => this.take(item),
        }, h("span", { class: item.code ? "picker-label code" : "picker-label" }, item.label), item.about && h("span", { class: "picker-note" }, item.about));
        this.options.push({ option, item });
        return option;
      }));
    });
    fill(this.list, shown);
    if (this.options.length === 0) fill(this.list, h("p", { class: "empty" }, "Nothing fits."));
    this.at = -1;
    this.move(0);
  }

  move(i) {
    this.options[this.at]?.option.setAttribute("aria-selected", "false");
    this.at = Math.max(0, Math.min(i, this.options.length - 1));
    const now = this.options[this.at]?.option;
    now?.setAttribute("aria-selected", "true");
    now?.scrollIntoView({ block: "nearest" });
    if (now) this.input.setAttribute("aria-activedescendant", now.id);
    else this.input.removeAttribute("aria-activedescendant");
  }

  key(event) {
    const act = {
      ArrowDown: () => this.move(this.at + 1), ArrowUp: () => this.move(this.at - 1),
      PageDown: () => this.move(this.at + 8), PageUp: () => this.move(this.at - 8),
      Enter: () => this.shown.then(() => this.options[this.at] && this.take(this.options[this.at].item)), // of what was typed, not of what stood there before
      Escape: () => this.close(true), Tab: () => this.close(true),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  take(item) {
    this.close(true);
    this.chosen(item.value);
  }
}
