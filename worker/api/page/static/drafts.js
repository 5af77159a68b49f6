// Drafts: edits of shortcuts that the templates' folder does not have. They stay in this browser until they are undone,
// also when the tab is closed. Sample recipients are no part of them.

const prefix = "herald.draft.";

// A draft is {shortcut, original, version}: as it is now, as JSON the shortcut that it was made from, and the version of its file.
export const drafts = {
  get(name) {
    const kept = localStorage.getItem(prefix + name);
    try {
      const draft = JSON.parse(kept);
      return draft?.shortcut?.name === name && typeof draft.original === "string" ? draft : null;
    } catch {
      return null; // of another version
    }
  },

  // keep stores a draft, or forgets it where nothing is edited. It reports whether there was room.
  keep({ shortcut, original, version }) {
    const key = prefix + shortcut.name;
    if (JSON.stringify(shortcut) === original) {
      localStorage.removeItem(key);
      return true;
    }
    try {
      localStorage.setItem(key, JSON.stringify({ shortcut, original, version }));
      return true;
    } catch {
      return false;
    }
  },

  drop: (name) => localStorage.removeItem(prefix + name),

  names: () => Object.keys(localStorage).filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length)).sort(),
};
